//! TLS by rustls, with the `ring` provider, for both roles.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

/// A server's TLS from its certificate chain and key, both PEM files.
///
/// # Errors
///
/// A file cannot be read, holds no certificate or key, or the two do not belong together. The
/// error names the file.
pub fn server(certificates: &Path, key: &Path) -> io::Result<Arc<ServerConfig>> {
    let chain = read_certificates(certificates)?;
    let key_der = PrivateKeyDer::from_pem_file(key).map_err(|error| named(key, error))?;
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(chain, key_der)
        .map_err(|error| named(certificates, error))?;
    Ok(Arc::new(config))
}

/// A client's TLS that trusts what browsers trust (Mozilla's roots).
pub fn client() -> Arc<ClientConfig> {
    with_roots(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
}

/// A client's TLS that trusts the certificates in a PEM file and no others.
///
/// # Errors
///
/// The file cannot be read or holds no certificate. The error names it.
pub fn client_trusting(certificates: &Path) -> io::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    for certificate in read_certificates(certificates)? {
        roots.add(certificate).map_err(|error| named(certificates, error))?;
    }
    Ok(with_roots(roots))
}

fn with_roots(roots: RootCertStore) -> Arc<ClientConfig> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("the ring provider supports the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn read_certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| named(path, error))?;
    if certificates.is_empty() {
        return Err(named(path, "no certificate in it"));
    }
    Ok(certificates)
}

fn named(path: &Path, error: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))
}
