//! Input tables: their contracts, and how they are read and checked.

pub mod contract;
