//! One call's life: endpoint, signature, transport, retry.

pub(crate) mod attempt;
pub mod budget;
pub mod call;
pub mod endpoint;
pub mod es256;
pub mod identity;
pub mod limiter;
pub mod log;
pub mod many;
pub mod options;
pub mod presign;
pub(crate) mod process;
mod promise;
pub mod purse;
mod reactor;
pub mod reply;
pub mod retry;
pub mod sign;
mod source;
pub mod steps;
pub mod transport;
pub mod url;
pub mod waiting;
pub mod wakeup;
