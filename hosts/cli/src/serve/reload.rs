//! Files that are read again while the server runs.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use pamlink_tokio::{Handle, tls};

use super::keys::Keys;
use crate::args::ServeArgs;
use crate::routes;

/// How often it is looked whether a file of keys or certificates has changed.
const INTERVAL: Duration = Duration::from_secs(1);

/// What can be read again, and whom it is for.
pub(super) struct Reload {
    handle: Handle,
    keys: Keys,
    /// Chain and key.
    certificate: Option<(PathBuf, PathBuf)>,
    routes: Option<PathBuf>,
}

impl Reload {
    pub(super) fn new(args: &ServeArgs, handle: Handle, keys: Keys) -> Self {
        let certificate = args.tls_cert.clone().zip(args.tls_key.clone());
        Self { handle, keys, certificate, routes: args.routes.clone() }
    }

    /// Reads everything. What has a fault stays as it was.
    pub(super) fn all(&self) {
        self.keys();
        self.certificate();
        let Some(path) = &self.routes else { return };
        match routes::load(path) {
            Ok(table) => {
                eprintln!("routes: version {} of {}", table.version(), path.display());
                self.handle.replace_routes(table);
            }
            Err(fault) => eprintln!("routes: kept as they were: {fault}"),
        }
    }

    /// Reads keys and certificates whenever their files change. The routing table waits for
    /// SIGHUP: it is edited, and half an edit may be a sound table.
    pub(super) async fn watch(self, mut files: Files) {
        loop {
            tokio::time::sleep(INTERVAL).await;
            if files.keys.has_changed() {
                self.keys();
            }
            if files.certificate.has_changed() {
                self.certificate();
            }
        }
    }

    fn keys(&self) {
        let Some(path) = self.keys.path() else { return };
        match self.keys.read_again() {
            Ok(()) => eprintln!("keys: read again from {}", path.display()),
            Err(fault) => eprintln!("keys: kept as they were: {fault}"),
        }
    }

    fn certificate(&self) {
        let Some((chain, key)) = &self.certificate else { return };
        match tls::server(chain, key) {
            Ok(tls) => {
                self.handle.set_tls(tls);
                eprintln!("certificate: read again from {}", chain.display());
            }
            Err(error) => eprintln!("certificate: kept as it was: {error}"),
        }
    }
}

/// The files of keys and certificates, as they look.
pub(super) struct Files {
    keys: Watched,
    certificate: Watched,
}

impl Files {
    /// To be made before any of them is read: a change in between is seen.
    pub(super) fn of(args: &ServeArgs) -> Self {
        let keys = args.jwks_file.iter().chain(&args.jwt_secret_file);
        let certificate = args.tls_cert.iter().chain(&args.tls_key);
        Self { keys: Watched::new(keys), certificate: Watched::new(certificate) }
    }
}

/// Files, and how they looked last.
struct Watched(Vec<(PathBuf, Look)>);

/// A file that is gone, or cannot be looked at, looks like nothing.
type Look = Option<(SystemTime, u64)>;

impl Watched {
    fn new<'a>(files: impl Iterator<Item = &'a PathBuf>) -> Self {
        Self(files.map(|path| (path.clone(), look(path))).collect())
    }

    fn has_changed(&mut self) -> bool {
        let mut changed = false;
        for (path, last) in &mut self.0 {
            let now = look(path);
            // One that is being replaced comes back.
            if now.is_some() && *last != now {
                *last = now;
                changed = true;
            }
        }
        changed
    }
}

fn look(path: &Path) -> Look {
    let facts = std::fs::metadata(path).ok()?;
    Some((facts.modified().ok()?, facts.len()))
}
