//! Input tables: their contracts, how they are read and checked, and how tables are written.
//!
//! [`raw`] reads files into cells, [`contract`] says what the cells of each table must be.

pub mod contract;
pub mod raw;
pub mod write;
