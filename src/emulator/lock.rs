//! One emulator a file: a lock beside the store, which ends with the process that holds it, however that ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Holds a store for one emulator until it is dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
    place: PathBuf,
}

impl Lock {
    /// Takes the lock of the store `file`; it stands in a file `<file>.lock`, which tells the holder's process.
    pub fn take(file: &Path) -> Result<Self, String> {
        let place = place(file).map_err(|error| error.to_string())?;
        let refused = |error: io::Error| format!("its lock {}: {error}", place.display());
        loop {
            let mut lock =
                OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&place).map_err(refused)?;
            match lock.try_lock() {
                // its last holder may have removed it between the two steps above
                Ok(()) if !is_at(&lock, &place) => {}
                Ok(()) => {
                    let written = lock.set_len(0).and_then(|()| write!(lock, "{}", std::process::id()));
                    return written.map(|()| Self { file: lock, place: place.clone() }).map_err(refused);
                }
                Err(TryLockError::WouldBlock) => return Err(in_use(&mut lock)),
                Err(TryLockError::Error(error)) => return Err(refused(error)),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed first, so that nobody takes what is about to go. Forked children hold the file open too: the lock
        // would not end with ours. A lock that cannot be removed is as free as one that was.
        let _ = fs::remove_file(&self.place);
        let _ = self.file.unlock();
    }
}

/// Beside the store itself, also where `file` is a link to it.
fn place(file: &Path) -> io::Result<PathBuf> {
    let real = fs::canonicalize(file).or_else(|error| match (error.kind(), file.file_name()) {
        (io::ErrorKind::NotFound, Some(name)) => {
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Ok(fs::canonicalize(folder)?.join(name))
        }
        _ => Err(error),
    })?;
    let mut place = real.into_os_string();
    place.push(".lock");
    Ok(place.into())
}

fn in_use(lock: &mut File) -> String {
    let mut holder = String::new();
    // where locks keep others from reading, the holder stays unknown
    let _ = lock.read_to_string(&mut holder);
    let who = match holder.parse::<u32>() {
        Ok(holder) if holder == std::process::id() => "another emulator of this process".into(),
        Ok(holder) => format!("an emulator in process {holder}"),
        Err(_) => "another emulator".into(),
    };
    format!("{who} has it open; stop that one, or name another file")
}

#[cfg(unix)]
fn is_at(lock: &File, place: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (lock.metadata(), fs::metadata(place)) {
        (Ok(ours), Ok(theirs)) => (ours.dev(), ours.ino()) == (theirs.dev(), theirs.ino()),
        _ => false,
    }
}

/// Where a file that is open cannot be removed.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}
