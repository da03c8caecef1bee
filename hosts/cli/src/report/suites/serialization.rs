//! Suite 3: what goes over the wire comes out as it was meant, and nothing vanishes.

use pamlink::envelope::{Envelope, Kind, Storage};
use pamlink::time::Wall;
use pamlink_tokio::Reply;
use serde_json::{Value as Json, json};

use super::house::{House, Plan};
use super::{json, values};
use crate::ensure;
use crate::report::bench::{Bench, Dice, Failure};
use crate::report::model::Figure;
use crate::report::peers::{Heard, Wire};

pub(super) async fn run(bench: &mut Bench) {
    let mut dice = bench.dice("serialization");
    let dice = &mut dice;
    let plan = Plan::new().with_answers(|request| match &*request.text() {
        "mirror:" => {
            let mirror = json!({ "type": "response", "mirror": request.as_str() });
            Some(Reply::Raw(mirror.to_string()))
        }
        text => values::reply(text),
    });
    let Some(house) = bench.need("Server on loopback", plan.build(dice).await) else { return };
    let house = &house;

    bench
        .case("Normal messages", Figure::words("processed correctly"), async {
            let mut wire = house.wire("ada", dice).await?;
            let texts = [
                "fuel so far?",
                "a & b < c",
                "only = 5",
                "\u{1f69a} \u{4f60}\u{597d}",
                "\"\\\u{7f}",
            ];
            for (at, text) in texts.iter().enumerate() {
                let answer = ask(&mut wire, &at.to_string(), text).await?;
                ensure!(answer["type"] == "chat_response", "heard {answer}");
                ensure!(answer["message"] == answer["content"], "{answer}");
                ensure!(answer["error"] == false && answer["ui_actions"] == json!([]), "{answer}");
                let said = answer["message"].as_str().unwrap_or_default();
                ensure!(said.ends_with(text), "{text:?} came back as {said:?}");
            }
            Ok(Figure::words(format!("{} texts back as they were", texts.len())))
        })
        .await;
    bench
        .case("Two chats in flight get their own answers", Figure::none(), async {
            let mut wire = house.wire("ada", dice).await?;
            let first = r#"{"type":"chat","id":"a-1","message":"slow: one"}"#;
            let second = r#"{"type":"chat","id":{"n":2},"message":"two"}"#;
            wire.send_all([first, second]).await?;
            for (ending, id) in [("two", json!({ "n": 2 })), ("one", json!("a-1"))] {
                let answer = json(&wire.next_text().await?)?;
                let said = answer["message"].as_str().unwrap_or_default();
                ensure!(said.ends_with(ending), "{said:?} came before the one that ends {ending}");
                ensure!(answer["reply_to"] == id, "{said:?} for {}", answer["reply_to"]);
            }
            Ok(Figure::words("by reply_to, ids of any shape, the fast one first"))
        })
        .await;

    for (name, text, report, check) in values::CASES {
        bench
            .case(name, report.map_or_else(Figure::none, Figure::words), async {
                let mut wire = house.wire("ada", dice).await?;
                let answer = ask(&mut wire, name, text).await?;
                check(&answer["value"]).map(Figure::words).map_err(Failure)
            })
            .await;
    }

    bench
        .case("DateTime objects, six formats in flight", Figure::words("processed"), async {
            timestamps(house, dice).await
        })
        .await;
    bench
        .case("Error messages", Figure::words("handled appropriately"), async {
            let mut wire = house.wire("ada", dice).await?;
            let answer = ask(&mut wire, "e", "fail: no such trip").await?;
            ensure!(answer["type"] == "error", "heard {answer}");
            ensure!(answer["error_code"] == "PROCESSING_ERROR", "heard {answer}");
            ensure!(answer["message"] == "no such trip" && answer["reply_to"] == "e", "{answer}");
            Ok(Figure::words("error PROCESSING_ERROR, reply_to kept"))
        })
        .await;
    bench
        .case("Malformed JSON", Figure::words("properly rejected"), async {
            malformed(house, dice).await
        })
        .await;
    bench
        .case("Message size limits", Figure::words("recommended"), async {
            sizes(house, dice).await
        })
        .await;
    bench
        .case("Unknown members survive", Figure::none(), async { unknown(house, dice).await })
        .await;

    let stored = Figure::words("stored (correct)");
    let not_stored = Figure::words("not stored (correct)");
    let logged = Figure::words("stored with logging (correct)");
    for (name, kind, report) in [
        ("ping / pong in a history", "pong", not_stored.clone()),
        ("connection in a history", "connection", not_stored.clone()),
        ("visual_action in a history", "visual_action", not_stored.clone()),
        ("chat_response in a history", "chat_response", stored.clone()),
        ("message in a history", "message", stored.clone()),
        ("error in a history", "error", logged),
    ] {
        bench.case(name, report, async { history(house, dice, kind).await }).await;
    }
}

/// Asks one thing and returns the frame that answers it.
async fn ask(wire: &mut Wire, id: &str, text: &str) -> Result<Json, Failure> {
    wire.send(&json!({ "type": "chat", "id": id, "message": text }).to_string()).await?;
    let answer = json(&wire.next_text().await?)?;
    ensure!(answer["reply_to"] == id, "asked as {id}, heard {answer}");
    Ok(answer)
}

/// Every way in which peers date their frames is read, and none costs the answer.
async fn timestamps(house: &House, dice: &mut Dice) -> Result<Figure, Failure> {
    let noon = Wall::from_unix_millis(1_772_337_906_790);
    let forms = [
        ("2026-03-01T04:05:06.790", Some(noon)),
        ("2026-03-01T04:05:06.790Z", Some(noon)),
        ("2026-03-01T14:05:06.790+10:00", Some(noon)),
        ("1772337906.79", Some(noon)),
        ("1772337906790", Some(noon)),
        ("1d3c0f6e-55aa-4c0e-8f77-0a1b2c3d4e5f", None),
    ];
    let mut wire = house.wire("ada", dice).await?;
    for (at, (form, wall)) in forms.iter().enumerate() {
        let spelled =
            if form.parse::<f64>().is_ok() { (*form).to_owned() } else { format!("{form:?}") };
        let text = format!(r#"{{"type":"chat","id":"t{at}","message":"x","timestamp":{spelled}}}"#);
        let envelope = Envelope::parse(&text, Envelope::DEPTH)?;
        let read = envelope.timestamp().and_then(|timestamp| timestamp.wall());
        ensure!(read == *wall, "{form} was read as {read:?}");
        wire.send(&text).await?;
        let answer = json(&wire.next_text().await?)?;
        ensure!(answer["type"] == "chat_response", "{form}: heard {answer}");
        let written = answer["timestamp"].as_str().unwrap_or_default();
        ensure!(written.len() == 24 && written.ends_with('Z'), "written as {written:?}");
    }
    Ok(Figure::words("all read, one written: RFC 3339 with Z"))
}

/// What is no message is answered, counted, and harms nothing.
async fn malformed(house: &House, dice: &mut Dice) -> Result<Figure, Failure> {
    const REFUSALS: &str = "pamlink_refusals_total";
    let before = house.metric(REFUSALS);
    let deep = format!(
        "{{\"type\":\"chat\",\"message\":\"x\",\"context\":{}1{}}}",
        "[".repeat(200),
        "]".repeat(200)
    );
    let texts = ["{\"type\":", "not json", "[1]", "{\"message\":\"x\"}", "{\"type\":5}", &deep];
    // A link takes four refusals; each text has its own so that none hides another.
    for (at, text) in texts.iter().enumerate() {
        let user = format!("clumsy-{at}");
        let mut wire = house.wire(&user, dice).await?;
        wire.send(text).await?;
        let answer = json(&wire.next_text().await?)?;
        let cut: String = text.chars().take(20).collect();
        ensure!(answer["type"] == "error", "{cut:?} was answered with {answer}");
        ensure!(answer["error_code"].is_string(), "{cut:?}: no code in {answer}");
        let answer = ask(&mut wire, "after", "still there?").await?;
        ensure!(answer["type"] == "chat_response", "after {cut:?}: {answer}");
    }
    let mut wire = house.wire("clumsy-bytes", dice).await?;
    wire.send_binary(&[0xff, 0xfe, 0]).await?;
    match wire.next().await? {
        Heard::Text(text) => ensure!(json(&text)?["type"] == "error", "heard {text}"),
        Heard::Close(code, _) => ensure!(code == 1003 || code == 1007, "closed with {code}"),
        Heard::End => return Err(Failure::new("hung up on a binary message in silence")),
    }
    let counted = house.metric(REFUSALS) - before;
    ensure!(counted >= texts.len() as f64, "{counted} refusals were counted");
    Ok(Figure::words(format!("{} kinds told with an error, link kept", texts.len())))
}

/// What is too large is refused by name and the link stays, until it is beyond all measure.
async fn sizes(house: &House, dice: &mut Dice) -> Result<Figure, Failure> {
    let mut wire = house.wire("large", dice).await?;
    let most = "\u{fc}".repeat(5_000);
    let answer = ask(&mut wire, "most", &most).await?;
    ensure!(answer["type"] == "chat_response", "5,000 characters: {}", answer["message"]);
    let answer = ask(&mut wire, "field", &format!("{most}x")).await?;
    ensure!(answer["type"] == "error", "5,001 characters were taken");
    let said = answer["message"].as_str().unwrap_or_default();
    ensure!(said.contains("message"), "the field is not named: {said}");
    let long = json!({ "type": "chat", "id": "whole", "note": "x".repeat(70_000) }).to_string();
    wire.send(&long).await?;
    let answer = json(&wire.next_text().await?)?;
    ensure!(answer["error_code"] == "MESSAGE_TOO_LARGE", "70 kB got {answer}");
    let answer = ask(&mut wire, "after", "still there?").await?;
    ensure!(answer["type"] == "chat_response", "after it: {answer}");
    let huge = json!({ "type": "chat", "note": "x".repeat(1 << 20) }).to_string();
    wire.send(&huge).await?;
    let (code, _) = wire.until_closed().await?;
    ensure!(code == 1009 || code == 4009, "more than 1 MiB got {code}");
    Ok(Figure::words(format!("5,001 characters and 70 kB told, 1 MiB closes with {code}")))
}

/// A word that this version does not know reaches the agent byte for byte.
async fn unknown(house: &House, dice: &mut Dice) -> Result<Figure, Failure> {
    let mut wire = house.wire("ada", dice).await?;
    let text = "{\"type\" : \"chat\", \"id\":\"u\",\"message\":\"mirror:\",\"mood\":\"\\u0041\\ud800\",\"n\":1.50e+1}";
    wire.send(text).await?;
    let answer = json(&wire.next_text().await?)?;
    ensure!(answer["mirror"] == *text, "arrived as {}", answer["mirror"]);
    let kind = Envelope::parse(r#"{"type":"brand_new"}"#, Envelope::DEPTH)?;
    ensure!(kind.kind().as_str() == "brand_new", "read as {}", kind.kind().as_str());
    wire.send(r#"{"type":"brand_new","id":"b"}"#).await?;
    let answer = json(&wire.next_text().await?)?;
    ensure!(answer["error_code"] == "UNKNOWN_TYPE", "an unknown type got {answer}");
    ensure!(answer["reply_to"] == "b", "an unknown type got {answer}");
    Ok(Figure::words("byte for byte; an unknown type is told so"))
}

/// Receives a frame of this kind over the socket, and asks the table whether a history keeps it.
async fn history(house: &House, dice: &mut Dice, kind: &str) -> Result<Figure, Failure> {
    let user = format!("history-{kind}");
    let target = house.target(&user)?;
    let mut wire = Wire::open(house.address, &target, dice).await?;
    let welcome = wire.next_text().await?;
    let text = match kind {
        "connection" => welcome,
        "pong" => {
            wire.send(r#"{"type":"ping","timestamp":1772337906790}"#).await?;
            wire.next_text().await?
        }
        "visual_action" | "message" => {
            let text = json!({ "type": kind, "action": { "action": "navigate" }, "message": "go" });
            let pushed = house.handle.push(&user, &text.to_string())?;
            ensure!(pushed.queued == 1, "the push reached {} links", pushed.queued);
            wire.next_text().await?
        }
        "error" => ask(&mut wire, "h", "fail: on purpose").await?.to_string(),
        _ => ask(&mut wire, "h", "hello").await?.to_string(),
    };
    let envelope = Envelope::parse(&text, Envelope::DEPTH)?;
    ensure!(envelope.kind().as_str() == kind, "heard {text}");
    let storage = envelope.kind().storage();
    let expected = match kind {
        "pong" | "connection" | "visual_action" => Storage::Transient,
        "error" => Storage::StoredWithLog,
        _ => Storage::Stored,
    };
    ensure!(storage == expected, "{kind} is {storage:?}");
    ensure!(kind != "pong" || Kind::Ping.storage() == storage, "ping and pong differ");
    Ok(Figure::words(match storage {
        Storage::Stored => "stored",
        Storage::StoredWithLog => "stored with logging",
        Storage::Transient => "not stored",
    }))
}
