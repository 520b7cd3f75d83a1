//! From bytes to a request.

use peerpact::handshake::ids::HandshakeId;
use peerpact::handshake::reason::Code;
use peerpact::handshake::request_id::RequestId;
use peerpact::kinds::Kinds;
use peerpact::kinds::network_manager::{AskedMember, ConnectManagement};
use peerpact::kinds::peering::{AskedFlags, ConnectPeering};
use peerpact::request::{Action, BYTES_MAX, DEPTH_MAX, Request};
use peerpact_fixtures::{CONTOSO_SUBSCRIPTION, FABRIKAM_SUBSCRIPTION, id};
use serde_json::{Value, json};

use super::support::*;

#[track_caller]
fn told(document: &Value) -> String {
    let bad = refused(document.to_string());
    assert_eq!(bad.id.as_ref().map(RequestId::as_str), document["id"].as_str(), "{bad}");
    bad.to_string()
}

#[test]
fn a_peering_is_asked_for_with_the_flags_that_were_said() {
    let request =
        taken(&with(peering(), "flags", json!({"forwardedTraffic": true, "remoteGateways": false})));
    assert_eq!(request.id.as_str(), "r-1");
    let flags =
        AskedFlags { forwarded_traffic: Some(true), gateway_transit: None, remote_gateways: Some(false) };
    let (ours, theirs) = (id("ours"), id("theirs"));
    assert_eq!(request.handshake(), Some(&HandshakeId::of_peering(&ours, &theirs)));
    let asked = ConnectPeering::new(request.id.clone(), ours, theirs, flags).checked().unwrap();
    assert_eq!(request.action, Action::Connect(asked));
}

#[test]
fn a_management_connection_is_asked_for_with_its_members() {
    let members = json!([{"group": "spokes", "network": id("theirs")}]);
    let request = taken(&with(management(), "members", members));
    let (asked, wanted) =
        (manager(FABRIKAM_SUBSCRIPTION).parse().unwrap(), scope(CONTOSO_SUBSCRIPTION).parse().unwrap());
    assert_eq!(request.handshake(), Some(&HandshakeId::of_management(&asked, &wanted)));
    let members = vec![AskedMember { group: "spokes".parse().unwrap(), network: id("theirs") }];
    let asked = ConnectManagement::new(request.id.clone(), asked, wanted, members).request();
    assert_eq!(request.action, Action::Connect(asked));
}

#[test]
fn a_half_of_each_kind_can_be_asked_to_go() {
    let hub = manager(FABRIKAM_SUBSCRIPTION);
    let scope_connection = format!("{hub}/scopeConnections/contoso");
    let connection =
        format!("{}/providers/Microsoft.Network/networkManagerConnections/hub", scope(FABRIKAM_SUBSCRIPTION));
    let asked = |half: &str| match taken(&with(disconnect(), "half", json!(half))).action {
        Action::Disconnect { half } => half.to_string(),
        other => panic!("{other:?}"),
    };
    let peering = disconnect()["half"].as_str().unwrap().to_owned();
    for half in [&peering, &scope_connection, &connection] {
        assert_eq!(asked(half), *half);
    }
    assert_eq!(taken(&disconnect()).handshake(), None);
}

#[test]
fn a_pair_of_either_kind_can_be_looked_at_again_from_either_seat() {
    let networks = taken(&recheck());
    assert_eq!(networks.handshake(), taken(&peering()).handshake());
    let (hub, target) = (json!(manager(FABRIKAM_SUBSCRIPTION)), json!(scope(CONTOSO_SUBSCRIPTION)));
    for (ours, theirs) in [(&hub, &target), (&target, &hub)] {
        let request = taken(&with(with(recheck(), "ours", ours.clone()), "theirs", theirs.clone()));
        assert_eq!(request.handshake(), taken(&management()).handshake());
        let Action::Recheck { ours: asked, .. } = &request.action else { panic!() };
        assert_eq!(json!(asked), *ours);
    }
}

#[test]
fn what_is_not_a_document_is_told_as_such() {
    for (body, told) in [
        (&b"\xff{}"[..], "the body is not UTF-8 (from byte 1 on)"),
        (b"{\"version\":1", "the body is not JSON: EOF while parsing an object at line 1 column 12"),
        (b"", "the body is not JSON: EOF while parsing a value at line 1 column 0"),
        (b"{} {}", "the body is not JSON: trailing characters at line 1 column 4"),
        (b"[]", "the body is an array where an object belongs"),
        (b"null", "the body is null where an object belongs"),
        (b"{\"x\":\"\\ud800\"}", "the body is not JSON: unexpected end of hex escape at line 1 column 13"),
        (b"{\"\\ud800\":1}", "the body is not JSON: unexpected end of hex escape at line 1 column 9"),
        (b"{\"version\":1e999}", "the body is not JSON: number out of range at line 1 column 16"),
    ] {
        assert_eq!(refused(body).to_string(), told);
    }
}

#[test]
fn a_refusal_is_a_reason_with_its_own_code() {
    let reason = refused("[]").reason();
    assert_eq!((reason.code, reason.code.as_str().as_str()), (Code::BadRequest, "bad-request"));
    assert_eq!(reason.message, "the body is an array where an object belongs");
}

#[test]
fn size_and_depth_are_bounded_to_the_byte_and_to_the_level() {
    let mut body = peering().to_string();
    body += &" ".repeat(BYTES_MAX - body.len());
    assert!(Request::parse(&Kinds::built_in(), body.as_bytes()).is_ok());
    let bad = refused(body + " ");
    assert_eq!(
        bad.to_string(),
        format!("the body is {} bytes long, and a request has at most 65536", BYTES_MAX + 1)
    );
    assert_eq!(bad.id.unwrap().as_str(), "r-1", "its id is read all the same");

    let nested = |levels: usize| {
        format!("{{\"id\":\"deep\",\"x\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1))
    };
    assert_eq!(
        refused(nested(DEPTH_MAX)).to_string(),
        "the field `version` is missing, and only version 1 is known"
    );
    for levels in [DEPTH_MAX + 1, 200, 30_000] {
        let bad = refused(nested(levels));
        assert!(bad.rule == "nests deeper than 16 levels" && bad.field.starts_with("x[0][0]"), "{bad}");
        assert_eq!(bad.id.unwrap().as_str(), "deep");
    }
}

#[test]
fn a_field_that_stands_twice_is_refused_at_any_level() {
    let twice = |text: &str, place: &str| {
        text.replace(&format!("\"{place}\":"), &format!("\"{place}\":0,\"{place}\":"))
    };
    let bad = refused(twice(&peering().to_string(), "ours"));
    assert_eq!(
        bad.to_string(),
        "the field `ours` stands twice in one object, so that nobody can say which one counts"
    );
    assert_eq!(bad.id.unwrap().as_str(), "r-1");
    let members = json!([{"group": "a", "network": id("theirs")}, {"group": "b", "network": id("theirs")}]);
    let text = with(management(), "members", members).to_string();
    let bad = refused(text.replace("\"group\":\"b\"", "\"group\":\"b\",\"gr\\u006fup\":\"b\""));
    assert_eq!(bad.field, "members[1].group");
    assert_eq!(refused(twice(&peering().to_string(), "id")).id, None, "two ids are none");
}

#[test]
fn the_version_comes_first_and_the_one_that_is_known_is_named() {
    for (version, said) in [
        (json!(2), "2"),
        (json!("1"), "`1`"),
        (json!(true), "a boolean"),
        (json!([1]), "an array"),
        (json!(1.5), "1.5"),
    ] {
        let document = with(with(peering(), "version", version), "ours", json!(7));
        assert_eq!(told(&document), format!("the field `version` is {said}, and only version 1 is known"));
    }
    let bad = refused(with(peering(), "version", Value::Null).to_string());
    assert_eq!(bad.to_string(), "the field `version` is missing, and only version 1 is known");
    assert_eq!(bad.fix.unwrap(), "write \"version\":1");
}

#[test]
fn an_action_that_is_not_known_is_refused_with_those_that_are() {
    let all = "there are connect-peering, connect-management, disconnect, recheck";
    assert_eq!(
        told(&with(peering(), "action", json!("connect"))),
        format!("the field `action` is `connect`; {all}")
    );
    assert_eq!(told(&with(peering(), "action", json!(1))), format!("the field `action` is 1; {all}"));
    let nested = json!({"connect-peering": null});
    assert_eq!(told(&with(peering(), "action", nested)), format!("the field `action` is an object; {all}"));
    assert_eq!(told(&with(peering(), "action", Value::Null)), "the field `action` is missing");
}

#[test]
fn a_field_that_is_not_known_is_named_whatever_it_means_to_others() {
    for name in ["MessageId", "deliveryCount", "Version", "members", "half", "__proto__", ""] {
        let bad = refused(with(peering(), name, json!({"x": 1})).to_string());
        assert_eq!(bad.field, if name.is_empty() { "\"\"" } else { name });
        assert!(bad.rule.starts_with("is not known here; there are "), "{bad}");
    }
    let flags = json!({"forwardedTrafic": true});
    assert_eq!(
        told(&with(peering(), "flags", flags)),
        "the field `flags.forwardedTrafic` is not known here; there are forwardedTraffic, gatewayTransit, remoteGateways"
    );
    let members = json!([{"group": "a", "network": id("theirs"), "x": 1}]);
    assert!(
        told(&with(management(), "members", members)).starts_with("the field `members[0].x` is not known")
    );
}

#[test]
fn a_field_that_is_missing_is_named() {
    for (document, fields) in [
        (peering(), &["id", "ours", "theirs"][..]),
        (management(), &["id", "manager", "scope"]),
        (disconnect(), &["id", "half"]),
        (recheck(), &["id", "ours", "theirs"]),
    ] {
        for field in fields {
            let bad = refused(with(document.clone(), field, Value::Null).to_string());
            assert_eq!(bad.to_string(), format!("the field `{field}` is missing"));
        }
    }
    let members = json!([{"group": "a"}]);
    assert_eq!(told(&with(management(), "members", members)), "the field `members[0].network` is missing");
}

#[test]
fn a_value_of_another_type_is_refused_and_null_is_one() {
    for (document, field, value, said) in [
        (peering(), "ours", json!(7), "`ours` is a number where a string belongs"),
        (peering(), "flags", json!([true]), "`flags` is an array where an object belongs"),
        (
            peering(),
            "flags",
            json!({"forwardedTraffic": 1}),
            "`flags.forwardedTraffic` is a number where a boolean belongs",
        ),
        (
            peering(),
            "flags",
            json!({"gatewayTransit": null}),
            "`flags.gatewayTransit` is null where a boolean belongs",
        ),
        (management(), "members", json!({}), "`members` is an object where an array belongs"),
        (management(), "members", json!(["x"]), "`members[0]` is a string where an object belongs"),
        (disconnect(), "half", json!({"peering": "x"}), "`half` is an object where a string belongs"),
    ] {
        assert_eq!(told(&with(document, field, value)), format!("the field {said}"));
    }
    let null = peering().to_string().replace("\"version\":1", "\"version\":1,\"flags\":null");
    assert_eq!(refused(null).to_string(), "the field `flags` is null where an object belongs");
    let bad = refused(with(peering(), "id", json!(5)).to_string());
    assert_eq!(
        (bad.to_string().as_str(), bad.id),
        ("the field `id` is a number where a string belongs", None)
    );
}

#[test]
fn a_bad_id_is_shown_with_what_was_expected() {
    let peer = json!(format!("{}/virtualNetworkPeerings/x", id("ours")));
    for (document, field, value, expected) in [
        (peering(), "ours", json!("vnet-1"), "a virtual network id (/subscriptions/"),
        (peering(), "theirs", peer, "it has 10 segments instead of 8"),
        (management(), "manager", json!(id("ours")), "a network manager id (/subscriptions/"),
        (management(), "scope", json!("/"), "a scope (/subscriptions/… or /providers/"),
        (
            disconnect(),
            "half",
            json!(id("ours")),
            "the id of a peering, a scope connection or a network manager connection",
        ),
        (
            recheck(),
            "theirs",
            json!("x"),
            "the id of a virtual network, a network manager, a subscription or a management group",
        ),
    ] {
        let shown = value.as_str().unwrap().to_owned();
        let told = told(&with(document, field, value));
        assert!(told.starts_with(&format!("the field `{field}` is not taken: `{shown}` is not ")), "{told}");
        assert!(told.contains(expected), "{told}");
    }
    let endless = refused(with(peering(), "ours", json!("\u{1b}[31m".repeat(9000))).to_string());
    assert!(endless.to_string().len() < 2000, "{endless}");
}

#[test]
fn a_request_id_is_short_and_plain() {
    for good in ["r", "7", "r-1", "A.b_c-9", &"x".repeat(64)] {
        assert_eq!(taken(&with(peering(), "id", json!(good))).id.to_string(), good);
    }
    for bad in ["", "-r", ".r", "_", "r 1", "ü", "r/1", "r\n", &"x".repeat(65)] {
        let bad = refused(with(peering(), "id", json!(bad)).to_string());
        assert_eq!((bad.field.as_str(), &bad.id), ("id", &None));
        assert!(
            bad.rule.contains("is not a request's id: 1 to 64 letters (A-Z, a-z), digits, `.`, `_` and `-`"),
            "{bad}"
        );
    }
}

#[test]
fn two_ends_have_to_be_two_and_to_fit() {
    let shouted = json!(id("ours").to_string().to_uppercase());
    for document in [peering(), recheck()] {
        assert_eq!(
            told(&with(document, "theirs", shouted.clone())),
            "the field `theirs` is the same as `ours`, and nothing is connected with itself"
        );
    }
    for theirs in [manager(CONTOSO_SUBSCRIPTION), scope(CONTOSO_SUBSCRIPTION)] {
        let told = told(&with(recheck(), "theirs", json!(theirs)));
        assert!(
            told.starts_with("the field `theirs` makes no pair with `ours`: a virtual network goes"),
            "{told}"
        );
    }
}

#[test]
fn a_half_cannot_lend_a_gateway_and_use_one() {
    let both = json!({"gatewayTransit": true, "remoteGateways": true});
    assert!(
        told(&with(peering(), "flags", both)).starts_with("the field `flags.remoteGateways` is true like")
    );
    taken(&with(peering(), "flags", json!({"gatewayTransit": true, "remoteGateways": false})));
}

#[test]
fn a_broken_document_gives_away_its_id_where_one_can_be_read() {
    let id_of = |body: &str| refused(body).id.map(|id| id.to_string());
    assert_eq!(id_of(r#"{"id":"r-9","ours":"#), Some("r-9".to_owned()), "what came before the break");
    assert_eq!(id_of(r#"{"ours":[1,{"id":"inner"}]}"#), None, "an id inside is not the request's");
    assert_eq!(id_of(r#"{"x":nonsense,"id":"r-9"}"#), None);
    assert_eq!(id_of(r#"{"id":"not an id"}"#), None);
    assert_eq!(id_of(r#"["id","r-9"]"#), None);
}
