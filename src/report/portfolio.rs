//! The licences of all customers of a partner, or of all customers, product by product.

use std::path::Path;

use super::{Customer, PartnerId, ReportError, RunOutput};
use crate::features::UsageBase;
use crate::quantity::AsOf;
use crate::scoring::Chunking;
use crate::tables::write::{Cells, ColumnType, Schema, TableFormat, TableWriter};
use crate::targeting::{Portfolio, PortfolioProduct, ProductLicences, cents, licences};

/// What somebody asks for.
#[derive(Clone, Copy, Debug)]
pub struct PortfolioRequest<'a> {
    /// The run it is made from.
    pub run: &'a RunOutput,
    /// Only customers that have transacted with this partner; `None` for all customers.
    pub partner: Option<&'a PartnerId>,
    /// Whether customers that a corporate or enterprise segment may own are in it.
    pub with_corporate: bool,
}

/// The licences of a portfolio.
#[derive(Clone, Debug, PartialEq)]
pub struct PortfolioReport {
    partner: Option<String>,
    as_of: AsOf,
    portfolio: Portfolio,
}

impl PortfolioRequest<'_> {
    /// Adds up the licences of all customers in scope, in memory that grows with products alone.
    ///
    /// # Errors
    /// [`ReportError::UnknownPartner`] when no customer has transacted with the partner, and every error of
    /// [`RunOutput::each`].
    pub fn make(&self, chunking: &Chunking) -> Result<PortfolioReport, ReportError> {
        let base = self.run.pipeline().spec().features.usage_base;
        let mut portfolio = Portfolio::default();
        let mut in_scope = 0_u64;
        self.run.each(
            chunking,
            |customer| Ok(self.licences_of(&customer, base)),
            |of_customer| {
                in_scope += u64::from(of_customer.is_some());
                portfolio.add(&of_customer.unwrap_or_default(), base);
                Ok(())
            },
        )?;
        match self.partner {
            Some(partner) if in_scope == 0 => {
                Err(ReportError::UnknownPartner { partner: partner.to_string() })
            }
            partner => Ok(PortfolioReport {
                partner: partner.map(ToString::to_string),
                as_of: self.run.record().as_of,
                portfolio,
            }),
        }
    }

    /// The licences of a customer; `None` of one of somebody else.
    fn licences_of(&self, customer: &Customer, base: UsageBase) -> Option<Vec<ProductLicences>> {
        if !customer.is_of(self.partner) {
            return None;
        }
        let left_out = customer.facts.corporate_candidate && !self.with_corporate;
        Some(if left_out { Vec::new() } else { licences(&customer.facts, base) })
    }
}

impl PortfolioReport {
    /// Products, in alphabetical order.
    pub fn products(&self) -> impl Iterator<Item = (&str, &PortfolioProduct)> {
        self.portfolio.products()
    }

    /// Stages the table for `target`, a row a product; the writer still has to be committed.
    ///
    /// # Errors
    /// [`ReportError::Output`] when the file cannot be written.
    pub fn stage(&self, target: &Path, format: TableFormat) -> Result<TableWriter, ReportError> {
        use ColumnType::{Date, Integer, Number, Text};
        let schema = Schema::new([
            ("partner", Text),
            ("product", Text),
            ("customers", Integer),
            ("seats_sold", Integer),
            ("seats_assigned", Integer),
            ("deployment_percent", Number),
            ("deployment_opportunity", Integer),
            ("seats_of_usage_base", Integer),
            ("seats_active_28d", Integer),
            ("usage_percent", Number),
            ("customers_over_use", Integer),
            ("advice", Text),
            ("as_of", Date),
        ]);
        let mut writer = TableWriter::create(target, format, schema)?;
        writer.append(self.cells())?;
        Ok(writer)
    }

    fn cells(&self) -> Vec<Cells> {
        let count = |of: &dyn Fn(&PortfolioProduct) -> Option<u64>| {
            let counts = self.products().map(|(_, product)| of(product));
            Cells::Integer(counts.map(|count| count.and_then(|count| i64::try_from(count).ok())).collect())
        };
        let percent = |of: &dyn Fn(&PortfolioProduct) -> Option<f64>| {
            Cells::Number(self.products().map(|(_, product)| of(product).map(cents)).collect())
        };
        let advice = |product: &PortfolioProduct| {
            let advice = product.advice().join("; ");
            (!advice.is_empty()).then_some(advice)
        };
        vec![
            Cells::Text(self.products().map(|_| self.partner.clone()).collect()),
            Cells::Text(self.products().map(|(name, _)| Some(name.to_owned())).collect()),
            count(&|product| Some(product.customers)),
            count(&|product| product.deployed.sold),
            count(&|product| product.deployed.assigned),
            percent(&PortfolioProduct::deployment_percent),
            count(&|product| Some(product.deployment_opportunity)),
            count(&|product| product.used.entitled),
            count(&|product| product.used.active_28d),
            percent(&PortfolioProduct::usage_percent),
            count(&|product| Some(product.over_used)),
            Cells::Text(self.products().map(|(_, product)| advice(product)).collect()),
            Cells::Date(self.products().map(|_| Some(self.as_of.days())).collect()),
        ]
    }
}
