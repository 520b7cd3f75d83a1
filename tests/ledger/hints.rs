//! Which hints wait: one message about each thing, no more and no fewer.

use peerpact::ledger::{HintKey, Ledger, SqliteLedger, TICKET_HOLDS, Ticket, Urgency};
use time::{Duration, OffsetDateTime};

use crate::fixtures::now;
use crate::support::*;

fn key() -> HintKey {
    HintKey::new("written /Subscriptions/X")
}

fn ticket(id: &str, due: OffsetDateTime) -> Ticket {
    Ticket { id: id.to_owned(), due }
}

fn later(seconds: i64) -> OffsetDateTime {
    now() + Duration::seconds(seconds)
}

/// Announces and sends a message that is due then; whether it was to be sent.
async fn sent(ledger: &SqliteLedger, id: &str, due: OffsetDateTime, urgency: Urgency) -> bool {
    let fresh = ledger.announce(&key(), &ticket(id, due), urgency, now()).await.unwrap();
    if fresh {
        ledger.announced(&key(), &ticket(id, due)).await.unwrap();
    }
    fresh
}

async fn taken(ledger: &SqliteLedger, id: &str) -> bool {
    ledger.take(&key(), &ticket(id, now())).await.unwrap()
}

#[tokio::test]
async fn where_one_waits_none_is_sent_until_it_was_taken() {
    let place = Place::new();
    let ledger = place.ledger();
    assert!(sent(&ledger, "a", now(), Urgency::Due).await);
    assert!(!sent(&ledger, "b", now(), Urgency::Due).await);
    assert!(!sent(&place.ledger(), "c", later(5), Urgency::Due).await, "another process knows it too");
    let same = HintKey::new("WRITTEN /subscriptions/x");
    assert!(!ledger.announce(&same, &ticket("d", now()), Urgency::Due, now()).await.unwrap());
    let other = HintKey::new("deleted /subscriptions/x");
    assert!(ledger.announce(&other, &ticket("e", now()), Urgency::Due, now()).await.unwrap());
    assert!(taken(&ledger, "a").await);
    assert!(sent(&ledger, "f", now(), Urgency::Due).await);
}

#[tokio::test]
async fn one_that_is_needed_sooner_takes_the_place_of_one_that_waits() {
    let place = Place::new();
    let ledger = place.ledger();
    assert!(sent(&ledger, "late", later(60), Urgency::Due).await);
    assert!(!sent(&ledger, "sweep", now(), Urgency::Patient).await, "any that waits will do");
    assert!(sent(&ledger, "soon", now(), Urgency::Due).await);
    assert!(!taken(&ledger, "late").await, "its place was taken");
    assert!(taken(&ledger, "soon").await);
    assert!(!taken(&ledger, "late").await, "and it was acted on");
    assert!(taken(&ledger, "soon").await, "a message that is delivered again is still this one");
}

#[tokio::test]
async fn one_that_was_perhaps_not_sent_takes_nobodys_place() {
    let place = Place::new();
    let ledger = place.ledger();
    assert!(ledger.announce(&key(), &ticket("a", now()), Urgency::Due, now()).await.unwrap());
    // Whoever was to send it is gone.
    for urgency in [Urgency::Patient, Urgency::Due] {
        assert!(ledger.announce(&key(), &ticket("b", now()), urgency, now()).await.unwrap());
    }
    assert!(taken(&ledger, "a").await, "it had been sent after all, and `b` perhaps not");
    assert!(!taken(&ledger, "b").await);
}

#[tokio::test]
async fn a_message_that_was_received_before_its_sender_noted_it_does_not_wait_any_more() {
    let place = Place::new();
    let ledger = place.ledger();
    assert!(ledger.announce(&key(), &ticket("a", now()), Urgency::Due, now()).await.unwrap());
    assert!(taken(&ledger, "a").await);
    ledger.announced(&key(), &ticket("a", now())).await.unwrap();
    assert!(sent(&ledger, "b", now(), Urgency::Due).await);
}

#[tokio::test]
async fn a_message_that_does_not_come_counts_as_lost_after_a_while() {
    for urgency in [Urgency::Patient, Urgency::Due] {
        let place = Place::new();
        let ledger = place.ledger();
        assert!(sent(&ledger, "a", later(30), Urgency::Due).await);
        let at = async |then: OffsetDateTime| {
            ledger.announce(&key(), &ticket("b", then), urgency, then).await.unwrap()
        };
        assert!(!at(later(29) + TICKET_HOLDS).await);
        assert!(at(later(30) + TICKET_HOLDS).await);
    }
}

#[tokio::test]
async fn a_message_of_which_nothing_is_known_is_acted_on() {
    let place = Place::new();
    assert!(taken(&place.ledger(), "from before the ledger was lost").await);
}

#[tokio::test]
async fn where_a_handshake_rests_what_was_to_come_later_is_of_no_use_and_what_is_due_is() {
    let place = Place::new();
    let ledger = place.ledger();
    assert!(sent(&ledger, "later", later(60), Urgency::Due).await);
    ledger.rest(&key(), now()).await.unwrap();
    assert!(!taken(&ledger, "later").await);
    assert!(sent(&ledger, "due", now(), Urgency::Due).await);
    ledger.rest(&key(), now()).await.unwrap();
    assert!(taken(&ledger, "due").await);
}
