//! Input tables: their contracts, how they are read and checked, and how tables are written.
//!
//! [`raw`] reads files into cells, [`contract`] says what the cells of each table must be, [`mapping`] says which
//! columns of an export they come from, and [`Dataset`] holds the checked tables, joined to the accounts: by id, or by
//! the company that an internet address names ([`Identity`]). [`mod@write`] writes tables in a stream.

mod account_key;
mod alone;
mod batches;
mod bulk;
mod cell;
mod checking;
mod codes;
mod column;
pub mod contract;
mod dataset;
mod dictionary;
mod fault;
mod files;
mod holders;
mod identity;
pub mod mapping;
mod merging;
mod note;
mod partition;
mod personal_mail;
mod plan;
mod platforms;
mod punycode;
mod quarantine;
pub mod raw;
mod reading;
mod refusing;
mod table;
mod tally;
pub mod write;

pub use dataset::{Currencies, Dataset, ReadOptions, TableSummary};
pub use fault::{ContentFault, Fault, FaultKind, TablesError};
pub use identity::Identity;
pub use note::Note;
pub use partition::{ColumnsRead, PartitionOptions, Partitions, Piece, Share};
pub use reading::SourceFile;
pub use table::{FlagColumn, NumberColumn, Table, TextColumn, TimeColumn};
