//! One call's life: endpoint, signature, transport, retry.

mod attempt;
pub mod call;
pub mod endpoint;
pub mod identity;
pub mod options;
pub mod presign;
mod process;
pub mod reply;
pub mod retry;
pub mod sign;
pub mod transport;
pub mod url;
