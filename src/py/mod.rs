//! The border with Python: the only place that names PyO3.

pub mod catalogue;
pub mod client;
pub mod cloud;
pub mod config;
#[cfg(feature = "emulator")]
pub mod emulator;
mod errors;
pub mod es256;
pub mod explain;
pub mod fork;
mod identity;
mod input;
pub mod interpreter;
pub mod limiter;
mod log;
pub mod many;
pub mod model;
mod plain;
pub mod plan;
pub mod recipe;
pub mod resolve;
pub(crate) mod signals;
pub mod simulation;
mod sink;
pub mod steps;
mod zone;
