//! Where a Service Bus namespace is and how to prove who we are.

use std::fmt;
use std::net::IpAddr;

use thiserror::Error;

use crate::azure::Secret;

const TLS_PORT: u16 = 5671;
const PLAIN_PORT: u16 = 5672;
/// DNS takes no longer name.
const HOST_LENGTH_MAX: usize = 253;

/// A namespace: its host, and how we prove who we are. It shows no key.
#[derive(Clone, Debug)]
pub struct ServiceBusAddress {
    host: String,
    port: Option<u16>,
    plain: bool,
    identity: Identity,
}

/// How we prove who we are.
#[derive(Clone, Debug)]
pub(crate) enum Identity {
    /// With tokens of Entra for our application.
    Entra,
    /// With the key of a shared access policy.
    SharedKey {
        /// The policy's name.
        name: String,
        /// Its key, as text: it is used as it stands, not decoded.
        key: Secret,
    },
}

/// What is wrong with an address. The value itself is in none of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{rule}: {fix}")]
pub struct AddressProblem {
    /// What is required.
    pub rule: &'static str,
    /// How to put it right.
    pub fix: &'static str,
}

const COPY: &str =
    "copy the namespace's connection string (`az servicebus namespace authorization-rule keys list`)";

impl ServiceBusAddress {
    /// Reads a connection string, or the host name of a namespace. The keys of a connection string stand in any order
    /// and any case, as for Azure's own SDKs; those that say nothing to us are let be.
    ///
    /// # Errors
    /// [`AddressProblem`].
    pub fn parse(text: &str) -> Result<Self, AddressProblem> {
        let text = text.trim();
        if text.contains('=') { Self::from_connection_string(text) } else { Self::from_namespace(text) }
    }

    fn from_namespace(text: &str) -> Result<Self, AddressProblem> {
        let problem = AddressProblem {
            rule: "must be a connection string or the host name of a namespace",
            fix: "set it to something like contoso.servicebus.windows.net, without a scheme or path",
        };
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok().filter(|port| *port != 0).ok_or(problem)?)),
            None => (text, None),
        };
        let host = host.trim_end_matches('.');
        if !is_host(host) || !host.contains('.') {
            return Err(problem);
        }
        Ok(Self { host: host.to_ascii_lowercase(), port, plain: false, identity: Identity::Entra })
    }

    fn from_connection_string(text: &str) -> Result<Self, AddressProblem> {
        let parts = Parts::read(text)?;
        let (host, port) = endpoint(parts.endpoint.unwrap_or_default())?;
        let (Some(name), Some(key)) = (parts.key_name, parts.key) else {
            return Err(AddressProblem {
                rule: "must have a SharedAccessKeyName and its SharedAccessKey",
                fix: "set the whole connection string, or only the namespace's host name to use Entra",
            });
        };
        if parts.emulator && !is_loopback(&host) {
            return Err(AddressProblem {
                rule: "must not ask for UseDevelopmentEmulator towards another machine",
                fix: "plain AMQP stays on this one: leave UseDevelopmentEmulator out to use TLS",
            });
        }
        let identity = Identity::SharedKey { name: name.to_owned(), key: Secret::new(key) };
        Ok(Self { host, port, plain: parts.emulator, identity })
    }

    /// The host, in lower case; an IPv6 address without its brackets.
    #[must_use]
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The port that is connected to.
    #[must_use]
    pub(crate) fn port(&self) -> u16 {
        self.port.unwrap_or(if self.plain { PLAIN_PORT } else { TLS_PORT })
    }

    /// No TLS, which is only for an emulator on this machine.
    #[must_use]
    pub(crate) fn is_plain(&self) -> bool {
        self.plain
    }

    /// How we prove who we are.
    #[must_use]
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What a token for a path of this namespace names, such as `sb://contoso.servicebus.windows.net/handshakes`. A
    /// port stands there if the connection string has one, as with Azure's SDKs.
    #[must_use]
    pub(crate) fn audience(&self, path: &str) -> String {
        format!("sb://{}/{path}", self.authority())
    }

    fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        self.port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
    }
}

impl fmt::Display for ServiceBusAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.authority())
    }
}

#[derive(Default)]
struct Parts<'a> {
    endpoint: Option<&'a str>,
    key_name: Option<&'a str>,
    key: Option<&'a str>,
    emulator: bool,
}

impl<'a> Parts<'a> {
    fn read(text: &'a str) -> Result<Self, AddressProblem> {
        let mut parts = Self::default();
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let Some((key, value)) = part.split_once('=') else {
                return Err(AddressProblem {
                    rule: "must be pairs of key=value with semicolons between them",
                    fix: COPY,
                });
            };
            let (key, value) = (key.trim(), value.trim());
            let slot = match key.to_ascii_lowercase().as_str() {
                "endpoint" => &mut parts.endpoint,
                "sharedaccesskeyname" => &mut parts.key_name,
                "sharedaccesskey" => &mut parts.key,
                "usedevelopmentemulator" => {
                    parts.emulator = value.eq_ignore_ascii_case("true");
                    continue;
                }
                "entitypath" => {
                    return Err(AddressProblem {
                        rule: "must not have an EntityPath, because several queues are used",
                        fix: "take the connection string of the namespace, not of one queue",
                    });
                }
                "sharedaccesssignature" => {
                    return Err(AddressProblem {
                        rule: "must have a key, not a ready SharedAccessSignature, because that one runs out",
                        fix: COPY,
                    });
                }
                _ => continue,
            };
            if slot.replace(value).is_some() || value.is_empty() {
                return Err(AddressProblem {
                    rule: "must give Endpoint, SharedAccessKeyName and SharedAccessKey once, each with a value",
                    fix: COPY,
                });
            }
        }
        Ok(parts)
    }
}

fn endpoint(text: &str) -> Result<(String, Option<u16>), AddressProblem> {
    let problem = AddressProblem {
        rule: "must have an Endpoint such as sb://contoso.servicebus.windows.net/",
        fix: COPY,
    };
    let rest = ["sb://", "amqps://"].iter().find_map(|scheme| {
        text.get(..scheme.len())?.eq_ignore_ascii_case(scheme).then(|| &text[scheme.len()..])
    });
    let authority = rest.ok_or(problem)?.trim_end_matches('/');
    let (host, port) = match authority.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(Some((host, ""))) => (host, None),
        Some(Some((host, rest))) => (host, Some(rest.strip_prefix(':').ok_or(problem)?)),
        Some(None) => return Err(problem),
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let port = port.map(|port| port.parse().ok().filter(|port| *port != 0).ok_or(problem)).transpose()?;
    if !is_host(host) && host.parse::<IpAddr>().is_err() {
        return Err(problem);
    }
    Ok((host.to_ascii_lowercase(), port))
}

fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= HOST_LENGTH_MAX && text.split('.').all(label)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &str = "SharedAccessKeyName=Root;SharedAccessKey=s3cret+/==";

    fn read(text: &str) -> Result<ServiceBusAddress, AddressProblem> {
        ServiceBusAddress::parse(text)
    }

    #[test]
    fn a_connection_string_is_read_in_any_order_and_case_with_or_without_an_end() {
        for text in [
            format!("Endpoint=sb://Contoso.servicebus.windows.net/;{KEYS}"),
            format!("{KEYS};Endpoint=sb://contoso.servicebus.windows.net"),
            format!(" ; ENDPOINT = SB://contoso.servicebus.windows.net/ ;{KEYS};TransportType=Amqp; "),
            "endpoint=amqps://contoso.servicebus.windows.net;sharedaccesskey=s3cret+/==;sharedACCESSkeyNAME=Root"
                .to_owned(),
        ] {
            let address = read(&text).unwrap();
            assert_eq!((address.host(), address.port()), ("contoso.servicebus.windows.net", 5671), "{text}");
            assert!(!address.is_plain());
            let Identity::SharedKey { name, key } = address.identity() else { panic!("{text}") };
            assert_eq!((name.as_str(), key.reveal()), ("Root", "s3cret+/=="), "the key has its own = signs");
            assert_eq!(address.audience("q"), "sb://contoso.servicebus.windows.net/q");
        }
    }

    #[test]
    fn a_host_name_alone_means_entra_and_tls() {
        let address = read("Contoso.servicebus.windows.net.").unwrap();
        assert!(matches!(address.identity(), Identity::Entra));
        assert_eq!((address.host(), address.port()), ("contoso.servicebus.windows.net", 5671));
        assert!(!address.is_plain());
        assert_eq!(read("contoso.example:5000").unwrap().port(), 5000);
    }

    #[test]
    fn plain_amqp_is_for_an_emulator_on_this_machine() {
        for (host, audience) in [
            ("127.0.0.1:5000", "sb://127.0.0.1:5000/q"),
            ("localhost:5000", "sb://localhost:5000/q"),
            ("[::1]:5000", "sb://[::1]:5000/q"),
        ] {
            let address = read(&format!("Endpoint=sb://{host};{KEYS};UseDevelopmentEmulator=true;")).unwrap();
            assert!(address.is_plain());
            assert_eq!((address.port(), address.audience("q")), (5000, audience.to_owned()));
            let tls = read(&format!("Endpoint=sb://{host};{KEYS};UseDevelopmentEmulator=false")).unwrap();
            assert!(!tls.is_plain());
        }
        let emulator = read(&format!("Endpoint=sb://localhost;{KEYS};UseDevelopmentEmulator=TRUE")).unwrap();
        assert_eq!((emulator.port(), emulator.audience("q")), (5672, "sb://localhost/q".to_owned()));
        for host in ["contoso.servicebus.windows.net", "10.0.0.1", "localhost.example", "[2001:db8::1]"] {
            let problem =
                read(&format!("Endpoint=sb://{host};{KEYS};UseDevelopmentEmulator=true")).unwrap_err();
            assert!(problem.rule.contains("another machine"), "{host}: {problem}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_its_rule() {
        let good = format!("Endpoint=sb://contoso.example;{KEYS}");
        for (text, rule) in [
            (String::new(), "host name"),
            ("contoso".to_owned(), "host name"),
            ("https://contoso.servicebus.windows.net".to_owned(), "host name"),
            ("contoso..net".to_owned(), "host name"),
            ("contoso.example:port".to_owned(), "host name"),
            (format!("{good};EntityPath=q"), "EntityPath"),
            (format!("{good};garbage"), "key=value"),
            (format!("{good};SharedAccessSignature=x"), "SharedAccessSignature"),
            (format!("{good};sharedaccesskey=other"), "once"),
            ("Endpoint=sb://contoso.example;SharedAccessKeyName=Root;SharedAccessKey=".to_owned(), "once"),
            ("Endpoint=sb://contoso.example;SharedAccessKeyName=Root".to_owned(), "SharedAccessKey"),
            (KEYS.to_owned(), "Endpoint"),
            (format!("Endpoint=https://contoso.example;{KEYS}"), "Endpoint"),
            (format!("Endpoint=sb://contoso.example:0;{KEYS}"), "Endpoint"),
            (format!("Endpoint=sb://contoso.example:70000;{KEYS}"), "Endpoint"),
            (format!("Endpoint=sb://user@contoso.example;{KEYS}"), "Endpoint"),
            (format!("Endpoint=sb://contoso.example/queue;{KEYS}"), "Endpoint"),
            (format!("Endpoint=sb://[::1;{KEYS}"), "Endpoint"),
        ] {
            let problem = read(&text).unwrap_err();
            assert!(problem.rule.contains(rule), "{text}: {problem}");
            assert!(!problem.to_string().contains("s3cret"));
        }
    }

    #[test]
    fn the_key_is_shown_nowhere() {
        let address = read(&format!("Endpoint=sb://contoso.example;{KEYS}")).unwrap();
        assert!(!format!("{address} {address:?} {address:#?}").contains("s3cret"));
    }
}
