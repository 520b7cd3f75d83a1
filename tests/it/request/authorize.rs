//! What our agreements let be asked.

use peerpact::handshake::agreements::Agreements;
use peerpact::kinds::Kinds;
use peerpact::kinds::peering::AskedFlags;
use peerpact::kinds::peering::PeeringEnds;
use peerpact::request::{Authorized, BadRequest, authorize};
use peerpact_fixtures::{
    CONTOSO, CONTOSO_SUBSCRIPTION, FABRIKAM, FABRIKAM_SUBSCRIPTION, agreements, ends, id,
};
use serde_json::{Value, json};

use super::support::*;

const NOBODYS: &str = "99999999-8888-7777-6666-555555555555";

fn nobodys() -> Value {
    json!(id("theirs").to_string().replace(CONTOSO_SUBSCRIPTION, NOBODYS))
}

fn asked(document: &Value, agreements: &Agreements) -> Result<Authorized, BadRequest> {
    authorize(&taken(document), FABRIKAM.parse().unwrap(), &Kinds::built_in(), agreements)
}

#[track_caller]
fn refusal(document: &Value, agreements: &Agreements) -> BadRequest {
    let bad = asked(document, agreements).expect_err("it was not refused");
    assert_eq!(bad.id.as_ref().unwrap().as_str(), document["id"].as_str().unwrap());
    bad
}

/// fabrikam's agreement on managers: `ours` says which end is ours, `groups` who joins which group.
fn on_managers(ours: &str, groups: &str) -> Agreements {
    let (manager, scope) = match ours {
        "manager" => (FABRIKAM_SUBSCRIPTION, CONTOSO_SUBSCRIPTION),
        _ => (CONTOSO_SUBSCRIPTION, FABRIKAM_SUBSCRIPTION),
    };
    let text = format!(
        "partner = \"contoso\"\ntenant = \"{CONTOSO}\"\n[[management]]\nname = \"hub\"\nmanager = \"/subscriptions/{manager}/resourceGroups/rg/providers/Microsoft.Network/networkManagers/hub\"\nscope = \"/subscriptions/{scope}\"\nours = \"{ours}\"\n{groups}"
    );
    Kinds::built_in().agreements(Some(FABRIKAM.parse().unwrap()), [("contoso.toml", text.as_str())]).unwrap()
}

fn spokes() -> String {
    let members = id("theirs-x").to_string().replace("theirs-x", "theirs-*");
    format!("groups = [{{ name = \"spokes\", members = \"{members}\" }}]")
}

#[test]
fn a_pair_that_an_agreement_covers_may_be_connected() {
    let flags = AskedFlags { forwarded_traffic: Some(false), ..AskedFlags::default() };
    let document = with(peering(), "flags", json!({"forwardedTraffic": false}));
    assert_eq!(
        asked(&document, &agreements("")).unwrap(),
        Authorized::Connect(ends().pair(), serde_json::to_value(flags).unwrap())
    );
}

#[test]
fn our_half_is_not_written_in_somebody_elses_tenant() {
    let swapped = with(with(peering(), "ours", json!(id("theirs"))), "theirs", json!(id("ours")));
    for document in [swapped.clone(), with(with(swapped, "id", json!("r-4")), "action", json!("recheck"))] {
        let bad = refusal(&document, &agreements(""));
        assert_eq!(bad.field, "ours");
        assert_eq!(
            bad.rule,
            format!(
                "is in the tenant {CONTOSO} of contoso; our half is written in our own tenant {FABRIKAM} only"
            )
        );
        assert_eq!(bad.fix.unwrap(), "swap `ours` and `theirs`");
    }
    let both_theirs = with(peering(), "ours", json!(id("theirs-2")));
    let bad = refusal(&both_theirs, &agreements(""));
    assert_eq!((bad.field.as_str(), bad.fix), ("ours", None));
}

#[test]
fn two_networks_of_our_own_are_no_handshake() {
    let bad = refusal(&with(peering(), "theirs", json!(id("ours-2"))), &agreements(""));
    assert_eq!(
        (bad.field, bad.rule),
        ("theirs".to_owned(), format!("is in our own tenant {FABRIKAM} too; the other end is a partner's"),)
    );
}

#[test]
fn what_no_agreement_names_is_nobodys() {
    for field in ["ours", "theirs"] {
        for document in [peering(), recheck()] {
            let bad = refusal(&with(document, field, nobodys()), &agreements(""));
            assert_eq!(bad.field, field);
            assert!(bad.rule.contains("which no agreement names"), "{bad}");
            assert!(bad.fix.unwrap().contains("[[peering]]"));
        }
    }
    let bad = refusal(&management(), &agreements_without());
    assert!(bad.field == "manager" && bad.fix.unwrap().contains("[[management]]"));
    assert_eq!(refusal(&disconnect(), &agreements_without()).field, "half");
}

fn agreements_without() -> Agreements {
    Agreements::default()
}

#[test]
fn a_pair_that_no_agreement_covers_is_refused_with_what_to_write() {
    let bad = refusal(&with(peering(), "theirs", json!(id("other"))), &agreements(""));
    assert_eq!(bad.field, "theirs");
    assert_eq!(
        bad.rule,
        format!(
            "is not covered: no agreement with contoso covers {} (ours) and {} (theirs)",
            id("ours"),
            id("other")
        )
    );
    assert_eq!(
        bad.fix.unwrap(),
        "add a [[peering]] whose `ours` and `theirs` match both to the agreement with contoso"
    );
}

#[test]
fn flags_may_stay_below_the_agreement_and_not_go_beyond_it() {
    for (flag, key) in [
        ("forwardedTraffic", "forwarded_traffic"),
        ("gatewayTransit", "gateway_transit"),
        ("remoteGateways", "remote_gateways"),
    ] {
        let document = with(peering(), "flags", json!({ flag: true }));
        let bad = refusal(&document, &agreements(""));
        assert_eq!(bad.field, format!("flags.{flag}"));
        assert_eq!(bad.rule, "is true, and the agreement contoso/all does not allow it");
        assert_eq!(bad.fix.unwrap(), format!("write {key} = true into contoso/all, or leave the flag out"));
        assert!(asked(&document, &agreements(&format!("{key} = true"))).is_ok());
        assert!(asked(&with(peering(), "flags", json!({ flag: false })), &agreements("")).is_ok());
    }
}

#[test]
fn a_manager_and_a_scope_may_be_connected_from_either_seat() {
    let Authorized::Connect(pair, _) = asked(&management(), &on_managers("manager", "")).unwrap() else {
        panic!()
    };
    assert_eq!(pair.ours().to_string(), manager(FABRIKAM_SUBSCRIPTION));
    let theirs = with(
        with(management(), "manager", json!(manager(CONTOSO_SUBSCRIPTION))),
        "scope",
        json!(scope(FABRIKAM_SUBSCRIPTION)),
    );
    assert!(asked(&theirs, &on_managers("scope", "")).is_ok());
    let members = json!([{"group": "spokes", "network": id("theirs-1")}]);
    let bad = refusal(&with(theirs, "members", members), &on_managers("scope", ""));
    assert!(bad.field == "members" && bad.rule.contains("theirs to fill"), "{bad}");
}

#[test]
fn a_manager_and_a_scope_of_one_tenant_are_no_handshake() {
    let own = with(management(), "scope", json!(scope(FABRIKAM_SUBSCRIPTION)));
    let bad = refusal(&own, &on_managers("manager", ""));
    assert!(bad.field == "scope" && bad.rule.contains("one of them has to be ours"), "{bad}");
}

#[test]
fn a_manager_that_no_agreement_covers_is_refused_with_what_to_write() {
    let other = manager(FABRIKAM_SUBSCRIPTION).replace("/hub", "/other");
    let bad = refusal(&with(management(), "manager", json!(other)), &on_managers("manager", ""));
    assert!(
        bad.field == "scope" && bad.rule.contains("no agreement with contoso covers the manager"),
        "{bad}"
    );
    assert!(bad.fix.unwrap().contains("add a [[management]]"));
}

#[test]
fn each_member_has_to_be_agreed_for_its_group() {
    let agreed = on_managers("manager", &spokes());
    let member = |group: &str, network: &str| json!({"group": group, "network": id(network)});
    let document =
        |second: Value| with(management(), "members", json!([member("Spokes", "theirs-1"), second]));
    assert!(asked(&document(member("spokes", "theirs-2")), &agreed).is_ok());
    let bad = refusal(&document(member("spokes", "other")), &agreed);
    assert_eq!(bad.field, "members[1].network");
    assert_eq!(bad.rule, "is not among the members that contoso/hub agrees for the group spokes");
    let bad = refusal(&document(member("leaves", "theirs-2")), &agreed);
    assert_eq!(bad.field, "members[1].group");
    let deny =
        format!("{}\n[[deny]]\nnetwork = \"{}\"\nreason = \"it holds secrets\"", spokes(), id("theirs-2"));
    let bad = refusal(&document(member("spokes", "theirs-2")), &on_managers("manager", &deny));
    assert_eq!(
        (bad.field.as_str(), bad.rule.as_str()),
        ("members[1].network", "is never to be connected: it holds secrets")
    );
}

#[test]
fn our_half_may_go_and_theirs_only_where_both_are_ours_to_write() {
    let theirs = |network: &str| {
        with(disconnect(), "half", json!(format!("{}/virtualNetworkPeerings/x", id(network))))
    };
    assert!(matches!(asked(&disconnect(), &agreements("")), Ok(Authorized::Disconnect(_))));
    let bad = refusal(&theirs("theirs"), &agreements(""));
    assert_eq!(bad.field, "half");
    assert!(
        bad.rule.starts_with(&format!("is in the tenant {CONTOSO} of contoso, and no agreement")),
        "{bad}"
    );
    let both = agreements("reach = \"both\"");
    assert!(matches!(asked(&theirs("theirs"), &both), Ok(Authorized::Disconnect(_))));
    assert_eq!(refusal(&theirs("other"), &both).field, "half", "a network that the agreement does not name");
    let scope_connection = json!(format!("{}/scopeConnections/x", manager(CONTOSO_SUBSCRIPTION)));
    assert_eq!(refusal(&with(disconnect(), "half", scope_connection), &both).field, "half");
}

#[test]
fn a_pair_may_be_looked_at_even_where_nothing_is_agreed_on_it_any_more() {
    let document = with(recheck(), "theirs", json!(id("other")));
    let ends = PeeringEnds { theirs: id("other"), ..ends() };
    assert_eq!(asked(&document, &agreements("")).unwrap(), Authorized::Recheck(ends.pair()));
}
