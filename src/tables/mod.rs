//! Input tables: their contracts, and how they are read and checked.
//!
//! [`raw`] reads files into cells, [`contract`] says what the cells of each table must be.

pub mod contract;
pub mod raw;
