//! Trust: a server is known by the SHA-256 of its certificate, taken at first use and held fast from then on.

use quinn::crypto::rustls::QuicClientConfig;
use rustls::{
    CertificateError, ClientConfig, DEFAULT_VERSIONS, DigitallySignedStruct, Error, SignatureScheme,
    SupportedProtocolVersion,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    version::TLS13,
};
use std::sync::{Arc, OnceLock};

use crate::{
    protocol::{Fingerprint, lan::MEDIA_ALPN},
    socket,
};

/// Which certificate is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// None yet: whatever the server shows is taken and reported, and is to be stored by the caller.
    FirstUse,
    /// This one, from an earlier connection or from the server's announcement. Another ends the connection before
    /// anything is sent.
    Known(Fingerprint),
}

/// Checks the certificate against the pin, and the handshake's signature against the certificate. Names and dates in
/// the certificate are not looked at: the pin says all.
#[derive(Debug)]
pub(super) struct PinVerifier {
    pin: Pin,
    shown: OnceLock<Fingerprint>,
    provider: Arc<CryptoProvider>,
}

impl PinVerifier {
    /// A verifier for one connection, and the TLS configuration with it.
    pub(super) fn new(pin: Pin) -> Result<(Arc<Self>, Arc<ClientConfig>), Error> {
        let (verifier, config) = Self::with_versions(pin, DEFAULT_VERSIONS)?;
        Ok((verifier, Arc::new(config)))
    }

    /// The same for a media connection over QUIC, which has TLS 1.3 only.
    pub(super) fn for_quic(pin: Pin) -> Result<(Arc<Self>, Arc<QuicClientConfig>), Error> {
        let (verifier, mut config) = Self::with_versions(pin, &[&TLS13])?;
        config.alpn_protocols = vec![MEDIA_ALPN.to_vec()];
        let config = QuicClientConfig::try_from(config).map_err(|error| Error::General(error.to_string()))?;
        Ok((verifier, Arc::new(config)))
    }

    fn with_versions(
        pin: Pin,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Result<(Arc<Self>, ClientConfig), Error> {
        let provider = Arc::new(ring::default_provider());
        let verifier = Arc::new(Self { pin, shown: OnceLock::new(), provider: Arc::clone(&provider) });
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone())
            .with_no_client_auth();
        Ok((verifier, config))
    }

    /// What the server showed, once the handshake has come so far.
    pub(super) fn shown(&self) -> Option<Fingerprint> {
        self.shown.get().copied()
    }
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = *self.shown.get_or_init(|| socket::fingerprint(end_entity));
        match self.pin {
            Pin::Known(pinned) if pinned != shown => {
                Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
            }
            Pin::Known(_) | Pin::FirstUse => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
