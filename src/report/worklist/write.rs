//! A worklist as a table.

use std::path::Path;

use super::{WorkItem, Worklist};
use crate::grid::Cluster;
use crate::output::OutputError;
use crate::quantity::{Probability, Score};
use crate::report::Viewer;
use crate::tables::write::{Cells, ColumnType, Schema, TableFormat, TableWriter};

/// What to do with an account of a cluster.
const fn next_step(cluster: Cluster) -> &'static str {
    match cluster {
        Cluster::ActNow => "call",
        Cluster::Evaluate => "multi-channel marketing",
        Cluster::Nurture => "awareness campaign",
        Cluster::Educate => "watch for intent",
        Cluster::NotScored => "find out more",
    }
}

impl Worklist {
    /// Stages the list for `target`; the writer still has to be committed.
    ///
    /// # Errors
    /// [`OutputError::Unwritable`] when the file cannot be written.
    pub fn stage(
        &self,
        target: &Path,
        format: TableFormat,
        viewer: Viewer,
    ) -> Result<TableWriter, OutputError> {
        use ColumnType::{Integer, Number, Text};
        let schema = Schema::new([
            ("owner", Text),
            ("place", Integer),
            ("account_id", Text),
            ("account_name", Text),
            ("parent", Text),
            ("product", Text),
            ("cell", Text),
            ("cluster", Text),
            ("rank", Integer),
            ("fit_score", Number),
            ("intent_score", Number),
            ("probability", Number),
            ("expected_value", Number),
            ("tier", Text),
            ("industry", Text),
            ("country", Text),
            ("next_step", Text),
            ("selected_by", Text),
            ("selection_probability", Number),
        ]);
        let mut writer = TableWriter::create(target, format, schema)?;
        writer.append(self.cells(viewer))?;
        Ok(writer)
    }

    fn cells(&self, viewer: Viewer) -> Vec<Cells> {
        let text =
            |of: &dyn Fn(&WorkItem) -> Option<String>| Cells::Text(self.items.iter().map(of).collect());
        let number =
            |of: &dyn Fn(&WorkItem) -> Option<f64>| Cells::Number(self.items.iter().map(of).collect());
        let mut places = Vec::with_capacity(self.items.len());
        for item in &self.items {
            let before = places.last().copied().flatten().unwrap_or(0);
            let same = places.len().checked_sub(1).is_some_and(|at| self.items[at].owner == item.owner);
            places.push(Some(if same { before + 1 } else { 1_i64 }));
        }
        vec![
            text(&|item| Some(item.owner.clone())),
            Cells::Integer(places),
            text(&|item| Some(item.score.account_id.clone())),
            text(&|item| item.score.account_name.clone()),
            text(&|item| Some(item.parent.clone())),
            text(&|item| Some(item.score.product.clone())),
            text(&|item| item.score.cell.clone()),
            text(&|item| Some(item.score.cluster.name().to_owned())),
            Cells::Integer(self.items.iter().map(|item| item.score.rank.map(i64::from)).collect()),
            number(&|item| item.score.fit_score.map(Score::value)),
            number(&|item| item.score.intent_score.map(Score::value)),
            number(&|item| item.score.probability.map(Probability::value)),
            number(&|item| item.expected_value.filter(|_| viewer == Viewer::Executive)),
            text(&|item| Some(item.score.tier.clone())),
            text(&|item| item.industry.clone()),
            text(&|item| item.country.clone()),
            text(&|item| Some(next_step(item.score.cluster).to_owned())),
            text(&|item| Some(item.selected_by.name().to_owned())),
            number(&|item| Some(item.selection_probability)),
        ]
    }
}
