//! The server's identity: a self-signed certificate, made once and kept in the data folder.

use quinn::crypto::rustls::QuicServerConfig;
use rustls::{
    ServerConfig, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    protocol::{Fingerprint, lan::MEDIA_ALPN},
    socket,
};

/// Key and certificate in one file, so that there is never one without the other.
const FILE: &str = "identity.pem";

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file cannot be read or written.
    #[error("the server's certificate {path} cannot be read or written: {error}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file is damaged.
    #[error(
        "the server's certificate {path} is damaged ({detail}); restore it from a backup, or remove it: the server \
         then makes a new one, and every client will warn that it has changed"
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// No certificate could be made.
    #[error("the server's certificate could not be made: {0}")]
    Make(#[from] rcgen::Error),
}

/// The certificate's fingerprint, and what accepts connections with it.
pub(super) struct Identity {
    pub(super) fingerprint: Fingerprint,
    pub(super) acceptor: TlsAcceptor,
    /// Media connections over QUIC.
    pub(super) quic: quinn::ServerConfig,
}

impl Identity {
    /// Reads the identity of a data folder, or makes it.
    pub(super) fn load_or_make(data_dir: &Path) -> Result<Self, IdentityError> {
        let path = data_dir.join(FILE);
        let pem = match fs::read(&path) {
            Ok(pem) => pem,
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(&path)?,
            Err(error) => return Err(IdentityError::File { path, error }),
        };
        let damaged =
            |detail: &dyn std::fmt::Display| IdentityError::Damaged { path: path.clone(), detail: detail.to_string() };
        let certificate = CertificateDer::from_pem_slice(&pem).map_err(|error| damaged(&error))?;
        let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|error| damaged(&error))?;
        let fingerprint = socket::fingerprint(&certificate);
        let config = |versions: &[&'static SupportedProtocolVersion]| {
            ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_protocol_versions(versions)
                .and_then(|builder| {
                    builder.with_no_client_auth().with_single_cert(vec![certificate.clone()], key.clone_key())
                })
                .map_err(|error| damaged(&error))
        };
        let acceptor = TlsAcceptor::from(Arc::new(config(rustls::DEFAULT_VERSIONS)?));
        let mut tls = config(&[&rustls::version::TLS13])?;
        tls.alpn_protocols = vec![MEDIA_ALPN.to_vec()];
        let tls = QuicServerConfig::try_from(tls).map_err(|error| damaged(&error))?;
        let mut quic = quinn::ServerConfig::with_crypto(Arc::new(tls));
        quic.transport_config(Arc::new(socket::quic::transport()));
        Ok(Self { fingerprint, acceptor, quic })
    }
}

/// Makes key and certificate, and puts the file in place in one step.
fn make(path: &Path) -> Result<Vec<u8>, IdentityError> {
    let made = rcgen::generate_simple_self_signed(["ahoy".to_owned()])?;
    let pem = format!("{}{}", made.signing_key.serialize_pem(), made.cert.pem()).into_bytes();
    let file_error = |error| IdentityError::File { path: path.to_owned(), error };
    let new = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new).map_err(file_error)?;
    file.write_all(&pem).and_then(|()| file.sync_all()).map_err(file_error)?;
    fs::rename(&new, path).map_err(file_error)?;
    tracing::info!("made a new certificate");
    Ok(pem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_made_once_and_kept_private() {
        let dir = tempfile::tempdir().expect("a folder");
        let first = Identity::load_or_make(dir.path()).expect("made");
        let second = Identity::load_or_make(dir.path()).expect("read");
        assert_eq!(first.fingerprint, second.fingerprint);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(dir.path().join(FILE)).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_damaged_identity_is_not_replaced() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join(FILE), "noise").expect("written");
        assert!(matches!(Identity::load_or_make(dir.path()), Err(IdentityError::Damaged { .. })));
        assert_eq!(fs::read(dir.path().join(FILE)).expect("there"), b"noise");
    }
}
