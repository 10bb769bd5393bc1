//! Input tables: their contracts, how they are read and checked, and how tables are written.

pub mod contract;
pub mod write;
