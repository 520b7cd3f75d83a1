//! Which hints wait: from about to be sent, over waiting, to taken.

use peerpact::ledger::{HintKey, Ledger, SqliteLedger, TICKET_AHEAD, TICKET_HOLDS, Ticket, Urgency};
use peerpact_fixtures::now;
use time::Duration;

use super::support::*;

fn key() -> HintKey {
    HintKey::new("handshake A B")
}

/// A ticket that is due so many seconds from now.
fn ticket(id: &str, seconds: i64) -> Ticket {
    Ticket { id: id.to_owned(), due: now() + Duration::seconds(seconds) }
}

/// Sends a message, if it is worth it.
async fn sent(ledger: &SqliteLedger, ticket: &Ticket, urgency: Urgency) -> bool {
    let worth_it = ledger.announce(&key(), ticket, urgency, now()).await.unwrap();
    if worth_it {
        ledger.announced(&key(), ticket).await.unwrap();
    }
    worth_it
}

#[tokio::test]
async fn while_a_message_waits_no_other_is_sent_that_would_come_no_sooner() {
    let place = Place::new();
    let ledger = place.ledger();
    assert!(sent(&ledger, &ticket("one", 5), Urgency::Due).await);
    assert!(!sent(&ledger, &ticket("two", 5), Urgency::Due).await);
    assert!(!sent(&ledger, &ticket("three", 9), Urgency::Due).await);
    assert!(sent(&ledger, &ticket("four", 2), Urgency::Due).await, "it comes sooner");
}

#[tokio::test]
async fn who_can_wait_is_content_with_whatever_waits() {
    let place = Place::new();
    let ledger = place.ledger();
    assert!(sent(&ledger, &ticket("one", 200), Urgency::Due).await);
    assert!(!sent(&ledger, &ticket("two", 0), Urgency::Patient).await);
    assert!(sent(&ledger, &ticket("three", 0), Urgency::Due).await);
}

#[tokio::test]
async fn a_message_that_was_about_to_be_sent_keeps_no_other_from_being_sent() {
    let place = Place::new();
    let ledger = place.ledger();
    assert!(ledger.announce(&key(), &ticket("lost", 0), Urgency::Due, now()).await.unwrap());
    assert!(sent(&ledger, &ticket("two", 0), Urgency::Patient).await);
    assert!(!ledger.take(&key(), &ticket("lost", 0)).await.unwrap(), "the other has its place");
    assert!(ledger.take(&key(), &ticket("two", 0)).await.unwrap());
}

#[tokio::test]
async fn a_message_that_comes_while_another_is_about_to_be_sent_is_acted_on() {
    let place = Place::new();
    let ledger = place.ledger();
    assert!(sent(&ledger, &ticket("one", 0), Urgency::Due).await);
    assert!(ledger.take(&key(), &ticket("one", 0)).await.unwrap());
    assert!(ledger.announce(&key(), &ticket("next", 5), Urgency::Due, now()).await.unwrap());
    assert!(ledger.take(&key(), &ticket("one", 0)).await.unwrap(), "it comes again, as `next` was not sent");
    assert!(!ledger.take(&key(), &ticket("next", 5)).await.unwrap(), "and if it was, it comes too late");
}

#[tokio::test]
async fn once_a_message_is_taken_the_next_is_worth_sending_and_it_may_come_again_itself() {
    let place = Place::new();
    let ledger = place.ledger();
    let one = ticket("one", 0);
    assert!(sent(&ledger, &one, Urgency::Due).await);
    assert!(ledger.take(&key(), &one).await.unwrap());
    assert!(ledger.take(&key(), &one).await.unwrap(), "delivered again, as its pass was cut short");
    assert!(sent(&ledger, &ticket("two", 0), Urgency::Due).await);
    assert!(!ledger.take(&key(), &one).await.unwrap(), "what it was to bring, the second brings");
}

#[tokio::test]
async fn a_message_that_was_received_before_its_sender_noted_that_it_was_sent_stays_taken() {
    let place = Place::new();
    let ledger = place.ledger();
    let one = ticket("one", 0);
    assert!(ledger.announce(&key(), &one, Urgency::Due, now()).await.unwrap());
    assert!(ledger.take(&key(), &one).await.unwrap());
    ledger.announced(&key(), &one).await.unwrap();
    assert!(sent(&ledger, &ticket("two", 0), Urgency::Due).await, "or the next hint would be lost");
}

#[tokio::test]
async fn a_message_that_does_not_come_counts_as_lost_after_a_time() {
    let place = Place::new();
    let ledger = place.ledger();
    assert!(sent(&ledger, &ticket("lost", 0), Urgency::Due).await);
    let later = |after: Duration| (Ticket { id: "two".to_owned(), due: now() + after }, now() + after);
    let (two, at) = later(TICKET_HOLDS - Duration::seconds(1));
    assert!(!ledger.announce(&key(), &two, Urgency::Patient, at).await.unwrap());
    let (two, at) = later(TICKET_HOLDS + Duration::seconds(1));
    assert!(ledger.announce(&key(), &two, Urgency::Patient, at).await.unwrap());
}

#[tokio::test]
async fn a_handshake_that_rests_voids_what_was_put_off_and_nothing_that_is_due() {
    let place = Place::new();
    let ledger = place.ledger();
    let (due, put_off) = (ticket("due", 0), ticket("put off", 30));
    assert!(sent(&ledger, &due, Urgency::Due).await);
    ledger.rest(&key(), now()).await.unwrap();
    assert!(ledger.take(&key(), &due).await.unwrap());
    assert!(sent(&ledger, &put_off, Urgency::Due).await);
    ledger.rest(&key(), now()).await.unwrap();
    assert!(!ledger.take(&key(), &put_off).await.unwrap());
    assert!(sent(&ledger, &ticket("next", 40), Urgency::Patient).await);
}

#[tokio::test]
async fn keys_are_compared_as_azure_compares_ids_and_stand_alone() {
    let place = Place::new();
    let ledger = place.ledger();
    assert!(sent(&ledger, &ticket("one", 0), Urgency::Due).await);
    let same = HintKey::new("HANDSHAKE a b");
    assert!(!ledger.announce(&same, &ticket("two", 0), Urgency::Due, now()).await.unwrap());
    let other = HintKey::new("handshake A C");
    assert!(ledger.announce(&other, &ticket("two", 0), Urgency::Due, now()).await.unwrap());
    assert!(ledger.take(&HintKey::new("of another ledger"), &ticket("one", 0)).await.unwrap());
}

#[tokio::test]
async fn a_message_that_is_due_when_none_can_be_keeps_no_other_from_being_sent() {
    let end = time::macros::datetime!(9999-12-31 23:59:59 UTC);
    for (due, believed) in [
        (now() + TICKET_AHEAD, true),
        (now() + TICKET_AHEAD + Duration::SECOND, false),
        (now() + Duration::days(1), false),
        (end, false),
    ] {
        let place = Place::new();
        let ledger = place.ledger();
        assert!(sent(&ledger, &Ticket { id: "far".to_owned(), due }, Urgency::Due).await);
        assert_eq!(sent(&ledger, &ticket("near", 0), Urgency::Patient).await, !believed, "due {due}");
    }
}
