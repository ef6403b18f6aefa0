//! The only PyO3: thin wrappers of the rooms below.

pub mod config;
pub mod model;
