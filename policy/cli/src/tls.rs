//! Mutual TLS as the appliance asks for it: TLS 1.3 only, one CA, one client certificate.

use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::Profile;
use crate::failure::Failure;

/// The TLS side of a profile, and what is worth a warning about its files.
pub(crate) fn client_config(
    profile: &Profile,
) -> Result<(rustls::ClientConfig, Option<String>), Failure> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&profile.ca)? {
        roots
            .add(certificate)
            .map_err(|error| refused(&profile.ca, "a CA certificate", &error))?;
    }
    let chain = certificates(&profile.cert)?;
    let key = PrivateKeyDer::from_pem_file(&profile.key)
        .map_err(|error| unreadable(&profile.key, "a private key", &error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| Failure::usage(format!("cannot set up TLS 1.3: {error}")))?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .map_err(|error| refused(&profile.cert, "a certificate of the given key", &error))?;
    Ok((config, open_to_others(&profile.key)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path)
        .map_err(|error| unreadable(path, "certificates", &error))?
        .collect();
    let found = found.map_err(|error| unreadable(path, "certificates", &error))?;
    if found.is_empty() {
        return Err(unreadable(path, "certificates", &pem::Error::NoItemsFound));
    }
    Ok(found)
}

fn unreadable(path: &Path, what: &str, error: &pem::Error) -> Failure {
    let shown = path.display();
    match error {
        pem::Error::Io(error) => Failure::usage(format!("cannot read `{shown}`: {error}")),
        pem::Error::NoItemsFound => {
            Failure::usage(format!("expected PEM of {what} in `{shown}`, found none"))
        }
        other => Failure::usage(format!("expected PEM of {what} in `{shown}`: {other}")),
    }
}

fn refused(path: &Path, what: &str, error: &rustls::Error) -> Failure {
    Failure::usage(format!("expected {what} in `{}`: {error}", path.display()))
}

#[cfg(unix)]
fn open_to_others(key: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(key).ok()?.permissions().mode();
    (mode & 0o077 != 0).then(|| {
        format!(
            "warning: others may read the key `{0}` (mode {1:03o}); run `chmod 600 {0}`",
            key.display(),
            mode & 0o777
        )
    })
}

#[cfg(not(unix))]
const fn open_to_others(_: &Path) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A profile whose files are real: a certificate that is its own CA.
    fn profile(folder: &Path) -> Profile {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        for name in ["ca.pem", "me.pem"] {
            std::fs::write(folder.join(name), &certificate).unwrap();
        }
        std::fs::write(folder.join("me.key"), key.serialize_pem()).unwrap();
        Profile {
            url: "https://localhost".to_owned(),
            ca: folder.join("ca.pem"),
            cert: folder.join("me.pem"),
            key: folder.join("me.key"),
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_may_read_is_told() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let profile = profile(folder.path());
        for (mode, told) in [(0o644, true), (0o640, true), (0o600, false), (0o400, false)] {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&profile.key, permissions).unwrap();
            let (_, warning) = client_config(&profile).unwrap();
            assert_eq!(warning.is_some(), told, "{mode:o}: {warning:?}");
        }
    }

    #[test]
    fn files_that_do_not_belong_together_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let profile = profile(folder.path());
        let other = rcgen::KeyPair::generate().unwrap().serialize_pem();
        std::fs::write(&profile.key, other).unwrap();
        let failure = client_config(&profile).unwrap_err();
        assert!(failure.lines[0].contains("me.pem"), "{failure:?}");
    }

    #[test]
    fn files_without_pem_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let whole = profile(folder.path());
        for name in ["ca.pem", "me.pem", "me.key"] {
            let good = std::fs::read(folder.path().join(name)).unwrap();
            std::fs::write(folder.path().join(name), "nothing").unwrap();
            let failure = client_config(&whole).unwrap_err();
            assert!(failure.lines[0].contains(name), "{failure:?}");
            std::fs::write(folder.path().join(name), good).unwrap();
        }
    }
}
