//! A run as one page that needs nothing else: tiles, grid, tiers, lists and account cards in a single HTML file.
//!
//! [`Page::of`] reads the folder of a run and [`Page::html`] writes the page. Style, script and data are inside the file;
//! its security policy allows that one script by its hash and no request to anywhere, so it works offline, in a mail or
//! on a share. Texts of the data reach the page as JSON that cannot end its block, and become text nodes, never markup.

mod account;
mod charts;
mod collect;
mod content;
mod html;
mod quality;

use std::num::NonZeroUsize;
use std::path::Path;

use collect::Collector;
use content::Content;

use super::{ReportError, RunOutput, Viewer};
use crate::output::write_whole;
use crate::scoring::Chunking;
use crate::targeting::cohort::Catalogue;

/// What a page shows beside the run itself.
#[derive(Debug)]
pub struct PageOptions<'a> {
    /// The cohorts that are counted.
    pub catalogue: &'a Catalogue,
    /// The month in which fiscal years begin, 1 to 12; Microsoft's begin in July.
    pub fiscal_year_start: u8,
    /// What the reader may see.
    pub viewer: Viewer,
    /// Accounts that the table holds; all others are counted only.
    pub most_accounts: NonZeroUsize,
    /// An earlier run to compare with.
    pub previous: Option<&'a RunOutput>,
}

/// A page, ready to be written.
#[derive(Debug)]
pub struct Page {
    content: Content,
}

impl Page {
    /// Reads a run, and the run before it where one is given.
    ///
    /// Every account is counted; those that the table holds are the best by the order of every list, over all products.
    /// Memory grows with them alone, and with the accounts of an earlier run.
    ///
    /// # Errors
    /// As [`RunOutput::each`]; [`ReportError::NotARun`] when the model card of the run is not of the expected shape.
    pub fn of(run: &RunOutput, options: &PageOptions<'_>, chunking: &Chunking) -> Result<Self, ReportError> {
        let before = options.previous.map(|previous| collect::before(previous, chunking)).transpose()?;
        let mut collector = Collector::new(run, options, before);
        let context = collector.context();
        run.each(
            chunking,
            |customer| account::digest(&context, &customer),
            |digest| {
                collector.add(digest);
                Ok(())
            },
        )?;
        let quality = quality::read(run)?;
        Ok(Self { content: collector.finish(quality) })
    }

    /// Accounts in its table.
    pub const fn rows(&self) -> u64 {
        self.content.totals.rows
    }

    /// The page.
    pub fn html(&self) -> String {
        html::write(&self.content)
    }

    /// The charts of the page as files of their own, by name: an SVG and a PNG of each.
    ///
    /// # Errors
    /// [`ReportError::Drawing`] when one cannot be painted.
    pub fn charts(&self) -> Result<Vec<(String, Vec<u8>)>, ReportError> {
        let mut files = Vec::new();
        for (name, canvas) in charts::of(&self.content) {
            files.push((format!("{name}.svg"), canvas.svg().into_bytes()));
            files.push((format!("{name}.png"), canvas.png()?));
        }
        Ok(files)
    }

    /// Writes the page, whole or not at all.
    ///
    /// # Errors
    /// [`ReportError::Output`] when the file cannot be written.
    pub fn write(&self, target: &Path) -> Result<(), ReportError> {
        Ok(write_whole(target, self.html().as_bytes())?)
    }
}
