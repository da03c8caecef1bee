//! Bytes on their way into a socket.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// A reused buffer between the engine and one socket. The engine fills it only when it is empty,
/// so what a slow socket leaves behind waits in the engine, under the engine's bound.
#[derive(Debug, Default)]
pub(crate) struct Outlet {
    bytes: Vec<u8>,
    written: usize,
}

/// What an empty buffer keeps.
const RETAINED: usize = 4 * 1024;

impl Outlet {
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The buffer, to be filled. Only when it is empty.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        debug_assert!(self.is_empty(), "what waits is written first");
        &mut self.bytes
    }

    /// Writes on until the buffer is empty. Cancelling loses and repeats nothing.
    pub(crate) async fn write_to(
        &mut self,
        socket: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<()> {
        while self.written < self.bytes.len() {
            match socket.write(&self.bytes[self.written..]).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                n => self.written += n,
            }
        }
        // TLS buffers what it encrypts.
        socket.flush().await?;
        self.written = 0;
        self.bytes.clear();
        self.bytes.shrink_to(RETAINED);
        Ok(())
    }
}

/// How long a link that has ended may still write its last frames, and how long its peer may take
/// to hang up.
pub(crate) const LINGER: Duration = Duration::from_secs(2);

/// Shuts the sending side of a socket down, then reads and forgets until the peer hangs up: to
/// drop a socket with unread bytes would reset the connection, and the peer could not read what
/// was written last.
pub(crate) async fn part(mut reader: impl AsyncRead + Unpin, mut writer: impl AsyncWrite + Unpin) {
    let parting = async {
        writer.shutdown().await?;
        let mut forgotten = [0; 1024];
        while reader.read(&mut forgotten).await? > 0 {}
        io::Result::Ok(())
    };
    // The link has ended; how the rest goes is of no consequence.
    let _ = tokio::time::timeout(LINGER, parting).await;
}
