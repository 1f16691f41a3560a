//! The key a certificate is asked for: the caller's own by its request, or a new one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;

const MAX_CSR: u64 = 16 * 1024;

/// Where the key comes from and where the certificate goes.
#[derive(Debug, clap::Args)]
pub(super) struct KeyArguments {
    /// PEM of a PKCS#10 request for a key that you made
    #[arg(long, value_name = "FILE", conflicts_with = "key_out")]
    csr: Option<PathBuf>,
    /// Make a P-256 key here and write it to this file, readable by you alone
    #[arg(long, value_name = "FILE")]
    key_out: Option<PathBuf>,
    /// File for the certificate; standard output unless told
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A certificate that is asked for: the request, and the files it will end in.
#[derive(Debug)]
pub(super) struct Pending {
    /// PEM of the PKCS#10 request.
    pub csr: String,
    key_file: Option<PathBuf>,
    certificate_file: Option<PathBuf>,
}

impl KeyArguments {
    /// Reads the request, or makes a key, writes it to its file and makes the request. The key
    /// is on disk before anything is asked for.
    ///
    /// # Errors
    /// A file that cannot be read, or one that exists already.
    pub(super) fn prepare(&self, dry_run: bool) -> Result<Pending, Failure> {
        if let Some(path) = self.out.as_deref().filter(|path| path.exists()) {
            return Err(exists(path));
        }
        let csr = match (&self.csr, &self.key_out) {
            (Some(csr), _) => input::read_text(csr, MAX_CSR)?,
            (None, Some(path)) if dry_run => match path.exists() {
                true => return Err(exists(path)),
                false => request()?.1,
            },
            (None, Some(path)) => make(path)?,
            (None, None) => {
                return Err(Failure::usage("expected `--csr FILE` or `--key-out FILE`"));
            }
        };
        Ok(Pending {
            csr,
            key_file: self.key_out.clone(),
            certificate_file: self.out.clone(),
        })
    }
}

impl Pending {
    /// Writes the certificate to its file, if it has one.
    ///
    /// # Errors
    /// The file exists or cannot be written.
    pub(super) fn keep(&self, pem: &str) -> Result<(), Failure> {
        match &self.certificate_file {
            Some(path) => keep(path, pem),
            None => Ok(()),
        }
    }

    /// Where the key is.
    pub(super) fn key_told(&self) -> Option<String> {
        let path = self.key_file.as_ref()?;
        Some(format!("wrote the key to `{}`", path.display()))
    }

    /// Takes back a key that was made here: no certificate came for it. A retry makes another
    /// key, so it is another request.
    pub(super) fn without(&self, mut failure: Failure) -> Failure {
        if let Some(path) = &self.key_file {
            // The failure that led here is the one to tell.
            let _ = fs::remove_file(path);
            if failure.exit == Exit::Unreachable {
                failure.lines.truncate(1);
                return failure.and("`countersign pki list` shows whether one was issued");
            }
        }
        failure
    }

    /// Whether the certificate goes to a file.
    pub(super) const fn has_file(&self) -> bool {
        self.certificate_file.is_some()
    }

    /// What was written where.
    pub(super) fn told(&self) -> impl Iterator<Item = String> {
        let key = self.key_file.iter().map(|path| ("key", path));
        let certificate = self
            .certificate_file
            .iter()
            .map(|path| ("certificate", path));
        key.chain(certificate)
            .map(|(what, path)| format!("wrote the {what} to `{}`", path.display()))
    }
}

/// Writes a certificate to a new file.
///
/// # Errors
/// The file exists or cannot be written.
pub(super) fn keep(path: &Path, pem: &str) -> Result<(), Failure> {
    let mut file = File::create_new(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => exists(path),
        _ => cannot_write(path, &error),
    })?;
    file.write_all(pem.as_bytes())
        .map_err(|error| cannot_write(path, &error))
}

/// Makes a key, writes it, and gives back a request for it.
fn make(path: &Path) -> Result<String, Failure> {
    let (pem, csr) = request()?;
    let mut file = private(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => exists(path),
        _ => cannot_write(path, &error),
    })?;
    file.write_all(pem.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|error| cannot_write(path, &error))?;
    Ok(csr)
}

/// A new key and a request for it, both as PEM.
pub(super) fn request() -> Result<(Zeroizing<String>, String), Failure> {
    let failed = |error: rcgen::Error| Failure::usage(format!("cannot make a key: {error}"));
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(failed)?;
    // The appliance takes only the key from a request: it says itself whom it is for.
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    let csr = params
        .serialize_request(&key)
        .and_then(|request| request.pem())
        .map_err(failed)?;
    Ok((Zeroizing::new(key.serialize_pem()), csr))
}

/// A new file that only its owner may read, from the moment it exists.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn exists(path: &Path) -> Failure {
    Failure::usage(format!(
        "`{}` exists and is not overwritten; give another name",
        path.display()
    ))
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("cannot write `{}`: {error}", path.display()))
}
