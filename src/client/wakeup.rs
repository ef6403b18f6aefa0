//! Wakes whoever sleeps until a descriptor can be read: one byte through a pair of sockets.
//!
//! Who wakes and who sleeps agree elsewhere on when a byte is due; a byte too many costs a look, nothing else.

use std::io::{self, Read, Write};
#[cfg(not(unix))]
use std::net::TcpStream as Stream;
#[cfg(unix)]
use std::os::unix::net::UnixStream as Stream;

#[derive(Debug)]
pub struct Wakeup {
    ear: Stream,
    mouth: Stream,
}

impl Wakeup {
    pub fn new() -> io::Result<Self> {
        let (ear, mouth) = pair()?;
        ear.set_nonblocking(true)?;
        mouth.set_nonblocking(true)?;
        Ok(Self { ear, mouth })
    }

    pub fn wake(&self) {
        // What is full wakes already.
        let _ = (&self.mouth).write(&[0]);
    }

    /// To be called before looking for what there is to do.
    pub fn hush(&self) {
        let mut bytes = [0; 64];
        while matches!((&self.ear).read(&mut bytes), Ok(64)) {}
    }

    /// Readable when woken.
    #[must_use]
    pub fn ear(&self) -> &Stream {
        &self.ear
    }
}

#[cfg(unix)]
fn pair() -> io::Result<(Stream, Stream)> {
    Stream::pair()
}

#[cfg(not(unix))]
fn pair() -> io::Result<(Stream, Stream)> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    let mouth = Stream::connect(listener.local_addr()?)?;
    loop {
        let (ear, from) = listener.accept()?;
        // Whoever else connected meanwhile is none of ours.
        if from == mouth.local_addr()? {
            mouth.set_nodelay(true)?;
            return Ok((ear, mouth));
        }
    }
}
