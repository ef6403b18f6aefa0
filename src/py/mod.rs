//! The border with Python: the only place that names PyO3.

pub mod client;
pub mod config;
mod errors;
mod input;
pub mod model;
mod sink;
mod zone;
