//! File descriptors: every connection takes one, and a process has only so many.

use std::io;

use tokio::net::TcpListener;

/// Raises how many descriptors this process may have to what the system lets it have, and says how
/// many that are; `None` where it has no such bound or does not say.
///
/// For a program's start: a library has no business with the limits of its process.
pub fn raise() -> Option<u64> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        // Some systems say "infinity" and take no more than a number: then it stays as it was.
        let raised = Rlimit { current: maximum, maximum };
        match setrlimit(Resource::Nofile, raised) {
            Ok(()) => maximum,
            Err(_) => current,
        }
    }
    #[cfg(not(unix))]
    None
}

/// Whether this is the error of a process, or a system, that has no descriptor left.
pub(crate) fn exhausted(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        let errno = Errno::from_io_error(error);
        errno.is_some_and(|errno| errno == Errno::MFILE || errno == Errno::NFILE)
    }
    #[cfg(not(unix))]
    {
        let _ = error;
        false
    }
}

/// A descriptor that is kept for the time when there is no other: enough to tell a peer so.
#[derive(Debug)]
pub(crate) struct Reserve(Option<std::fs::File>);

const SORRY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Content-Length: 20\r\nRetry-After: 1\r\nConnection: close\r\n\r\nno room at present.\n";

impl Reserve {
    pub(crate) fn new() -> Self {
        Self(std::fs::File::open(if cfg!(windows) { "NUL" } else { "/dev/null" }).ok())
    }

    /// Takes one connection and answers it with 503, or only ends it where it speaks TLS. `false`:
    /// there was no descriptor even for that.
    pub(crate) async fn refuse(&mut self, listener: &TcpListener, plain: bool) -> bool {
        if self.0.take().is_none() {
            *self = Self::new();
            return false;
        }
        let accepted = tokio::time::timeout(std::time::Duration::ZERO, listener.accept()).await;
        let taken = matches!(accepted, Ok(Ok(_)));
        if let (Ok(Ok((socket, _))), true) = (accepted, plain) {
            // What is left unread would reset the connection and take the answer along.
            let _ = socket.try_read(&mut [0; 4096]);
            let _ = socket.try_write(SORRY);
        }
        *self = Self::new();
        taken
    }
}
