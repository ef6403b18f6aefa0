//! The body of an answer: read whole, within the limit.

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::response;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

/// Why a body was not read.
pub(super) enum Unread {
    Lost(hyper::Error),
    /// It has more bytes than it may; `size` says how many, where the head does.
    TooLarge {
        size: Option<u64>,
    },
}

impl From<hyper::Error> for Unread {
    fn from(error: hyper::Error) -> Self {
        Self::Lost(error)
    }
}

/// The whole body, if it has at most `limit` bytes; of an error's answer as much as came, as botocore reads it.
///
/// No byte is waited for if the head announces too many, and none kept beyond the limit.
pub(super) async fn read(head: &response::Parts, mut body: Incoming, limit: u64) -> Result<Bytes, Unread> {
    if body.size_hint().lower() > limit {
        return Err(Unread::TooLarge { size: body.size_hint().exact() });
    }
    let (mut pieces, mut size) = (Vec::<Bytes>::new(), 0);
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => {
                let Ok(piece) = frame.into_data() else { continue };
                size += piece.len() as u64;
                if size > limit {
                    return Err(Unread::TooLarge { size: None });
                }
                pieces.push(piece);
            }
            Err(_) if !head.status.is_success() && head.headers.contains_key(CONTENT_LENGTH) => break,
            Err(error) => return Err(error.into()),
        }
    }
    if pieces.len() == 1 {
        return Ok(pieces.swap_remove(0));
    }
    let mut whole = Vec::with_capacity(pieces.iter().map(Bytes::len).sum());
    // Each piece is freed as soon as it is copied, so that there is never the whole body twice.
    for piece in pieces {
        whole.extend_from_slice(&piece);
    }
    Ok(whole.into())
}
