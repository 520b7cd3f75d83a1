//! What the command line says, and the requests that it means.

use std::path::PathBuf;

use clap::{Args as Arguments, Subcommand};
use uuid::Uuid;

use crate::handshake::ids::VirtualNetworkId;
use crate::handshake::request_id::RequestId;
use crate::handshake::resource_id::ResourceId;
use crate::handshake::scope::Scope;
use crate::kinds::network_manager::{self, AskedMember, ConnectManagement, NetworkManagerId};
use crate::kinds::peering::{self, AskedFlags, ConnectPeering};
use crate::kinds::{Kinds, UnknownResource};
use crate::request;

const ABOUT_FILES: &str = "A file has one request on each line, in the shape of schemas/connection-request.v1.json; \
`version` and `id` may be left out. If any line is bad, all bad lines are told and nothing is sent.";

#[derive(Debug, Arguments)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true
)]
#[command(after_help = ABOUT_FILES)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// Send the requests in this file, of any kind; `-` is standard input.
    #[arg(long, required = true)]
    file: Option<PathBuf>,
    #[command(flatten)]
    how: How,
}

/// What is common to all requests.
#[derive(Clone, Copy, Debug, Arguments)]
pub(super) struct How {
    /// Wait until the outcome is there. Exit code 0 if it is connected (for disconnect: closed).
    #[arg(long)]
    pub(super) wait: bool,
    /// Wait no longer than this, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, requires = "wait", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) timeout: u64,
    /// As JSON: one object for each request, on a line of its own.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Connect two virtual networks: our half is written, the partner's app writes theirs.
    Peering(Peering),
    /// Let a network manager take a scope of the other tenant: our half is written.
    Management(Management),
    /// Remove a half.
    Disconnect(Disconnect),
    /// Look at a pair again and do what is due.
    Recheck(Recheck),
}

/// One request, or a file of them.
#[derive(Debug, Arguments)]
struct Which {
    /// The request's id; without it one is made. The same id again with the same content is the same request.
    #[arg(long, value_name = "REQUEST-ID", conflicts_with = "file")]
    id: Option<RequestId>,
    /// Send the requests in this file instead, all of this kind; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Arguments)]
#[command(after_help = ABOUT_FILES)]
struct Peering {
    /// The resource id of our virtual network.
    #[arg(long, value_name = "ID", required_unless_present = "file", conflicts_with = "file")]
    ours: Option<VirtualNetworkId>,
    /// The resource id of the partner's virtual network.
    #[arg(long, value_name = "ID", required_unless_present = "file", conflicts_with = "file")]
    theirs: Option<VirtualNetworkId>,
    /// Whether our half lets traffic in that the partner's network forwards; else as agreed.
    #[arg(long, value_name = "true|false", hide_possible_values = true, conflicts_with = "file")]
    forwarded_traffic: Option<bool>,
    /// Whether the partner's network may use our gateway; else as agreed.
    #[arg(long, value_name = "true|false", hide_possible_values = true, conflicts_with = "file")]
    gateway_transit: Option<bool>,
    /// Whether our network uses the partner's gateway; else as agreed.
    #[arg(long, value_name = "true|false", hide_possible_values = true, conflicts_with = "file")]
    remote_gateways: Option<bool>,
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, Arguments)]
#[command(after_help = ABOUT_FILES)]
struct Management {
    /// The resource id of the network manager, ours or the partner's.
    #[arg(long, value_name = "ID", required_unless_present = "file", conflicts_with = "file")]
    manager: Option<NetworkManagerId>,
    /// The subscription or management group of the other tenant.
    #[arg(long, value_name = "ID", required_unless_present = "file", conflicts_with = "file")]
    scope: Option<Scope>,
    /// A network of the partner's that is to join a network group of our manager; may be repeated.
    #[arg(long = "member", value_name = "GROUP=ID", value_parser = member, conflicts_with = "file")]
    members: Vec<AskedMember>,
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, Arguments)]
#[command(after_help = ABOUT_FILES)]
struct Disconnect {
    /// The resource id of the peering, scope connection or network manager connection to remove.
    #[arg(value_name = "HALF-ID", value_parser = half, required_unless_present_any = ["half", "file"], conflicts_with_all = ["half", "file"])]
    half_id: Option<ResourceId>,
    /// The same, as an option.
    #[arg(long, value_name = "HALF-ID", value_parser = half, conflicts_with = "file")]
    half: Option<ResourceId>,
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, Arguments)]
#[command(after_help = ABOUT_FILES)]
struct Recheck {
    /// The resource id of our end: a virtual network, a network manager, a subscription or a management group.
    #[arg(long, value_name = "ID", value_parser = end, required_unless_present = "file", conflicts_with = "file")]
    ours: Option<ResourceId>,
    /// The resource id of the partner's end.
    #[arg(long, value_name = "ID", value_parser = end, required_unless_present = "file", conflicts_with = "file")]
    theirs: Option<ResourceId>,
    #[command(flatten)]
    which: Which,
}

/// What is to be sent.
#[derive(Debug)]
pub(super) enum Meant {
    /// This one, as it is written.
    One(String),
    /// Those in a file, of one action if it is named.
    File(PathBuf, Option<&'static str>),
}

impl Args {
    /// What is to be sent, and how; `None` if nothing is said, which clap does not let pass.
    pub(super) fn meant(self) -> Option<(Meant, How)> {
        let (name, which) = match &self.what {
            None => return Some((Meant::File(self.file?, None), self.how)),
            Some(What::Peering(asked)) => (peering::ACTION, &asked.which),
            Some(What::Management(asked)) => (network_manager::ACTION, &asked.which),
            Some(What::Disconnect(asked)) => ("disconnect", &asked.which),
            Some(What::Recheck(asked)) => ("recheck", &asked.which),
        };
        let how = which.how;
        if let Some(file) = &which.file {
            return Some((Meant::File(file.clone(), Some(name)), how));
        }
        let id = which.id.clone().unwrap_or_else(fresh_id);
        Some((Meant::One(self.what?.document(id)?), how))
    }
}

impl What {
    /// The request as it is written.
    fn document(self, id: RequestId) -> Option<String> {
        Some(match self {
            Self::Peering(asked) => {
                let flags = AskedFlags {
                    forwarded_traffic: asked.forwarded_traffic,
                    gateway_transit: asked.gateway_transit,
                    remote_gateways: asked.remote_gateways,
                };
                request::document(
                    peering::ACTION,
                    &ConnectPeering::new(id, asked.ours?, asked.theirs?, flags),
                )
            }
            Self::Management(asked) => {
                let fields = ConnectManagement::new(id, asked.manager?, asked.scope?, asked.members);
                request::document(network_manager::ACTION, &fields)
            }
            Self::Disconnect(asked) => request::disconnect(id, asked.half_id.or(asked.half)?),
            Self::Recheck(asked) => request::recheck(id, asked.ours?, asked.theirs?),
        })
    }
}

/// An id that nobody has used.
#[expect(
    clippy::disallowed_methods,
    reason = "a request that a person makes is a new one; whoever wants it repeated names its id"
)]
pub(super) fn fresh_id() -> RequestId {
    RequestId::from(Uuid::new_v4())
}

fn half(text: &str) -> Result<ResourceId, String> {
    Kinds::built_in()
        .parse_half(text)
        .map_err(|UnknownResource { wanted, .. }| format!("it is not the id of {wanted}"))
}

fn end(text: &str) -> Result<ResourceId, UnknownResource> {
    Kinds::built_in().parse_end(text)
}

fn member(text: &str) -> Result<AskedMember, String> {
    let (group, network) =
        text.split_once('=').ok_or("write GROUP=ID: the group's name and the network's resource id")?;
    Ok(AskedMember {
        group: group.parse().map_err(|error| format!("{error}"))?,
        network: network.parse().map_err(|error| format!("{error}"))?,
    })
}
