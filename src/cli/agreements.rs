//! `agreements check`: whether the agreements can be used, and what they say.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::environment::variable;
use super::exit_code::NO;
use super::output::{self, Style, styled};
use crate::agreement_folder::{self, FolderError};
use crate::config;
use crate::handshake::agreements::{Partner, RequestRule};
use crate::handshake::ids::TenantId;
use crate::handshake::request_queue::RequestQueue;
use crate::kinds::Kinds;

#[derive(Debug, Subcommand)]
pub(super) enum AgreementsCommand {
    /// Read every agreement and say what is wrong with it, with file, line and column.
    Check {
        /// The folder with one TOML file for each partner; else `PEERPACT_AGREEMENTS` says where it is.
        folder: Option<PathBuf>,
        /// Your own tenant, so that an agreement with yourself is found too.
        #[arg(long, env = "AZURE_TENANT_ID")]
        tenant: Option<TenantId>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(command: AgreementsCommand) -> anyhow::Result<ExitCode> {
    let AgreementsCommand::Check { folder, tenant, json } = command;
    let folder = match folder {
        Some(folder) => folder,
        None => config::agreements_from_env(variable)?,
    };
    let agreements = match agreement_folder::read(&Kinds::built_in(), &folder, tenant) {
        Ok(agreements) => agreements,
        Err(error @ FolderError::Read { .. }) => return Err(error.into()),
        Err(error @ (FolderError::TooLong(_) | FolderError::Agreement(_))) => {
            output::error(&format!("{:#}", anyhow::Error::from(error)));
            return Ok(ExitCode::from(NO));
        }
    };
    if json {
        let partners: Vec<_> = agreements.partners().iter().map(partner_json).collect();
        output::json(&json!({ "partners": partners }))?;
    } else if agreements.partners().is_empty() {
        output::line(format!("{} holds no agreement: nothing is allowed", folder.display()));
    } else {
        agreements.partners().iter().for_each(show);
    }
    Ok(ExitCode::SUCCESS)
}

fn show(partner: &Partner) {
    output::line(format!("{} (tenant {})", styled(Style::Strong, &partner.name), partner.tenant));
    for (kind, terms) in partner.all_terms() {
        for agreement in terms.shown(&|name| partner.label_of(name)) {
            output::line(format!("  {} {}", styled(Style::Good, kind), agreement.label));
            agreement.lines.iter().for_each(|line| output::line(format!("    {line}")));
        }
    }
    for line in requests(partner) {
        output::line(format!("  {} {line}", styled(Style::Good, "requests")));
    }
    for rule in &partner.denials {
        output::line(format!("  {} {} ({})", styled(Style::Bad, "never"), rule.network, rule.reason));
    }
}

/// What the senders of each queue may ask for.
fn requests(partner: &Partner) -> Vec<String> {
    if partner.requests.is_empty() {
        return vec![format!("by {}: everything", RequestQueue::default())];
    }
    let rule = |rule: &RequestRule| format!("by {}: {}", rule.queue.get_ref(), actions(rule).join(", "));
    partner.requests.iter().map(rule).collect()
}

fn partner_json(partner: &Partner) -> serde_json::Value {
    let denials: Vec<_> = partner
        .denials
        .iter()
        .map(|rule| json!({ "network": rule.network, "reason": rule.reason }))
        .collect();
    let requests: Vec<_> = partner.requests.iter().map(request_json).collect();
    let mut shown =
        json!({ "partner": partner.name, "tenant": partner.tenant, "requests": requests, "deny": denials });
    for (kind, terms) in partner.all_terms() {
        let agreements = terms.shown(&|name| partner.label_of(name));
        shown[kind] = agreements.into_iter().map(|agreement| agreement.json).collect();
    }
    shown
}

fn request_json(rule: &RequestRule) -> serde_json::Value {
    json!({ "queue": rule.queue.get_ref().to_string(), "actions": actions(rule) })
}

fn actions(rule: &RequestRule) -> Vec<&str> {
    rule.actions.iter().map(|action| action.get_ref().as_str()).collect()
}
