//! Certificates, as far as External Secrets looks into them: who signed whom, for which names (`pem.go`, `pem_chain.go`). Nothing
//! here says that a certificate is to be trusted.

use core::net::{Ipv4Addr, Ipv6Addr};

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;

use super::pem;
use crate::template::error::Fault;
use crate::template::text::{Buffer, Text};

const MALFORMED: Fault = Fault::Because("a certificate is malformed");

/// A certificate and the names of the keys that tie it to others.
#[derive(Clone)]
pub(in crate::template) struct Certificate {
    pub(in crate::template) der: Vec<u8>,
    authority: Option<Vec<u8>>,
    subject: Option<Vec<u8>>,
}

impl Certificate {
    pub(in crate::template) fn parse(der: &[u8]) -> Result<Self, Fault> {
        let mut certificate = Self { der: der.to_vec(), authority: None, subject: None };
        for extension in parsed(der)?.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::AuthorityKeyIdentifier(id) => {
                    certificate.authority = id.key_identifier.as_ref().map(|id| id.0.to_vec());
                }
                ParsedExtension::SubjectKeyIdentifier(id) => certificate.subject = Some(id.0.to_vec()),
                _ => {}
            }
        }
        Ok(certificate)
    }

    /// Every block of a PEM text, whatever its label says.
    pub(in crate::template) fn every(text: &[u8]) -> Result<Vec<Self>, Fault> {
        pem::decode_all(text).0.iter().map(|block| Self::parse(&block.content)).collect()
    }

    /// Whether nobody else signed it, or nobody is named.
    fn is_root(&self) -> bool {
        self.authority.as_ref().is_none_or(|authority| *authority == *self.subject.as_deref().unwrap_or_default())
    }

    /// Whether `self` says that `other` signed it. Two that say nothing fit, too: the peer takes nothing for empty.
    fn is_signed_by(&self, other: &Self) -> bool {
        self.authority.as_deref().unwrap_or_default() == other.subject.as_deref().unwrap_or_default()
    }

    pub(in crate::template) fn write(&self, out: &mut Buffer) {
        pem::encode(out, pem::CERTIFICATE, &self.der);
    }
}

/// The whole of `der` as a certificate.
pub(super) fn parsed(der: &[u8]) -> Result<X509Certificate<'_>, Fault> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(MALFORMED),
    }
}

/// The certificates from the leaf to the root, if they are one chain.
pub(in crate::template) fn ordered(certificates: &[Certificate]) -> Result<Vec<&Certificate>, Fault> {
    let signer = |at: usize| {
        (0..certificates.len()).find(|other| *other != at && certificates[at].is_signed_by(&certificates[*other]))
    };
    let signers: Vec<_> = (0..certificates.len()).map(signer).collect();
    let mut leaves = (0..certificates.len()).filter(|at| !signers.contains(&Some(*at)));
    let mut next = leaves.next();
    if next.is_none() {
        return Err(Fault::Because("there is no leaf certificate"));
    }
    if leaves.next().is_some() {
        return Err(Fault::Because("the certificates are more than one chain"));
    }
    let mut chain = vec![];
    while let Some(at) = next {
        if chain.len() == certificates.len() {
            return Err(Fault::Because("the certificates sign each other in a circle"));
        }
        chain.push(&certificates[at]);
        next = signers[at];
    }
    Ok(chain)
}

/// What `filterCertChain` takes out of a chain.
pub(in crate::template) fn part<'c>(kind: &[u8], chain: &[&'c Certificate]) -> Vec<&'c Certificate> {
    match (kind, chain) {
        (b"leaf", [leaf, ..]) if !leaf.is_root() => vec![leaf],
        (b"intermediate", [_, above @ ..]) => above.iter().take_while(|one| !one.is_root()).copied().collect(),
        (b"root", [.., last]) if last.is_root() => vec![last],
        _ => vec![],
    }
}

/// The names that a certificate is for: those of hosts, then addresses, then e-mail addresses, then URIs.
pub(in crate::template) fn names(der: &[u8]) -> Result<Vec<Text>, Fault> {
    let certificate = parsed(der)?;
    let (mut hosts, mut addresses, mut emails, mut uris) = (vec![], vec![], vec![], vec![]);
    for extension in certificate.extensions() {
        let ParsedExtension::SubjectAlternativeName(names) = extension.parsed_extension() else { continue };
        for name in &names.general_names {
            match name {
                GeneralName::DNSName(name) => hosts.push(Text::from(*name)),
                GeneralName::RFC822Name(name) => emails.push(Text::from(*name)),
                GeneralName::URI(name) => uris.push(Text::from(*name)),
                GeneralName::IPAddress(bytes) => addresses.push(address(bytes)?.into()),
                GeneralName::Invalid(..) => return Err(MALFORMED),
                _ => {}
            }
        }
    }
    Ok([hosts, addresses, emails, uris].concat())
}

/// `net.IP.String`
fn address(bytes: &[u8]) -> Result<String, Fault> {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Ok(Ipv4Addr::from(bytes).to_string());
    }
    let bytes = <[u8; 16]>::try_from(bytes).map_err(|_| MALFORMED)?;
    let address = Ipv6Addr::from(bytes);
    Ok(address.to_ipv4_mapped().map_or_else(|| address.to_string(), |address| address.to_string()))
}
