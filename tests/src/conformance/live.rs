//! A product over real sockets, in real time: the other end of its links is played here, and its
//! host is an adapter.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::adapter::{Adapter, Arrival, Arrivals, Place};
use super::ends::Transport;
use super::file::{Case, Input, Output};
use super::play::{End, Stop};
use super::sockets::{self, Happened, Listener};

/// How much later than the file says something may come: other programs run as well.
const LATE: Duration = Duration::from_secs(5);
/// How long what is not named has to come.
const GRACE: Duration = Duration::from_millis(30);
/// How long an adapter may take to answer a line.
const ANSWER: Duration = Duration::from_secs(60);

/// One machine of a product.
pub(super) struct Live<'a> {
    adapter: &'a mut Adapter,
    /// What has made it.
    make: Value,
    /// What the next process goes on from.
    snapshot: Option<Value>,
    machine: u64,
    sender: Arrivals,
    peer: Peer,
    links: BTreeMap<u64, Link>,
    made: u64,
    /// The link that has ended last.
    ended: u64,
    outputs: VecDeque<Output>,
    /// What the adapter has answered to the last line.
    answer: Option<Value>,
    /// The time of the file at the last input, and when that time began: never later than for the
    /// product, so that nothing of it comes too early.
    at: u64,
    origin: Option<Instant>,
    /// The time of the file, and how much later it was at most.
    now: u64,
    lag: Duration,
    /// When the time of the file will have come, where nothing has come in it yet.
    due: Option<Instant>,
    /// The link over which something was said last.
    link: String,
    /// And where nothing has come of that.
    silent: Option<String>,
}

/// What the other end of the product's links is.
enum Peer {
    Server {
        /// Listens as long as it is held.
        _listener: Listener,
        /// Another link may be made beside the first.
        two_links: bool,
        /// What a request without an upgrade is answered with: as the last that had one was.
        response: Value,
    },
    Client(SocketAddr),
}

/// A link of the product.
struct Link {
    name: String,
    stream: TcpStream,
    transport: Transport,
    /// What has come of a request, until its head is whole.
    head: Option<Vec<u8>>,
}

impl<'a> Live<'a> {
    /// A new machine of the product for a case.
    pub(super) fn make(adapter: &'a mut Adapter, case: &Case) -> Result<Self, Stop> {
        let (machine, sender) = adapter.machine();
        let mut make = json!({"make": case.end, "options": case.options});
        let is_client = case.end == "whole_client";
        let mut peer = Peer::Client(SocketAddr::from(([127, 0, 0, 1], 0)));
        if is_client {
            let begun = sender.clone();
            let listener = Listener::start(move |number, stream| {
                let place = Place { machine, link: number };
                // Nobody may listen any more.
                let _unheard = begun.send(Arrival::Link(place, Happened::Begun(stream)));
            });
            let listener = listener.map_err(|why| why.to_string())?;
            make["url"] = format!("ws://{}/api/v1/pam/ws/ann", listener.address()).into();
            let two_links = case.options.get("two_links") == Some(&true.into());
            let response = json!({"status": 426});
            peer = Peer::Server { _listener: listener, two_links, response };
        }
        let mut live = Self {
            adapter,
            make,
            snapshot: None,
            machine,
            sender,
            peer,
            links: BTreeMap::new(),
            made: 0,
            ended: 0,
            outputs: VecDeque::new(),
            answer: None,
            at: 0,
            origin: None,
            now: 0,
            lag: Duration::ZERO,
            due: None,
            link: String::new(),
            silent: None,
        };
        let made = live.call(&live.make.clone())?;
        // What the machine before has said meanwhile is its own.
        live.outputs.clear();
        if !is_client {
            let address = made["address"].as_str().and_then(|address| address.parse().ok());
            live.peer = Peer::Client(address.ok_or("a server that was made has an `address`")?);
        }
        Ok(live)
    }

    /// How much later than the file says it was at most.
    pub(super) const fn lag(&self) -> Duration {
        self.lag
    }

    /// A token of a server that judges them itself.
    pub(super) fn token(adapter: &mut Adapter, wanted: &Value) -> Result<String, Stop> {
        adapter.tell(&json!({ "token": wanted }))?;
        let until = Instant::now() + ANSWER;
        while let Some(arrival) = adapter.next(until) {
            match arrival {
                Arrival::Line(line) if line.get("event").is_none() => {
                    let token = done(&line)?["token"].as_str().map(str::to_owned);
                    return Ok(token.ok_or("a token is a text")?);
                }
                Arrival::Gone(why) => return Err(gone(&why)),
                Arrival::Line(_) | Arrival::Link(..) => {}
            }
        }
        Err(SILENT.into())
    }

    /// Gives the adapter a line; what it answers.
    fn call(&mut self, line: &Value) -> Result<Value, Stop> {
        self.adapter.tell(line)?;
        let until = Instant::now() + ANSWER;
        loop {
            if let Some(answer) = self.answer.take() {
                return done(&answer);
            }
            if !self.take(until)? {
                return Err(SILENT.into());
            }
        }
    }

    /// Takes what comes next, if something comes in time.
    fn take(&mut self, until: Instant) -> Result<bool, Stop> {
        let Some(arrival) = self.adapter.next(until) else { return Ok(false) };
        match arrival {
            Arrival::Line(mut line) => match line["event"].take() {
                Value::Null => self.answer = Some(line),
                event => self.outputs.push_back(Output::Event(self.with_link(event))),
            },
            Arrival::Gone(why) => return Err(gone(&why)),
            Arrival::Link(Place { machine, link }, happened) if machine == self.machine => {
                self.happened(link, happened)?;
            }
            Arrival::Link(..) => {}
        }
        Ok(true)
    }

    /// A host does not know what the file calls a link: a token is judged that has come last.
    fn with_link(&self, mut event: Value) -> Value {
        if let Some(its) = event.get_mut("authorize").filter(|_| !self.link.is_empty()) {
            its["link"] = self.link.clone().into();
        }
        event
    }

    fn happened(&mut self, number: u64, happened: Happened) -> Result<(), Stop> {
        match happened {
            Happened::Begun(stream) => {
                let Peer::Server { two_links, .. } = &self.peer else { return Ok(()) };
                let is_second = *two_links && self.numbered("").is_some();
                let name = if is_second { "second" } else { "" };
                // The last words over the link before come first, over whichever they came sooner.
                let until = Instant::now() + Duration::from_secs(1);
                while self.numbered(name).is_some() && self.take(until)? {}
                self.links.retain(|_, link| link.name != name);
                self.begin(number, name, stream, Transport::server(), Some(Vec::new()))
            }
            Happened::Bytes(bytes) => self.read(number, bytes),
            Happened::Ended => {
                self.ended = number;
                let Some(mut link) = self.links.remove(&number) else { return Ok(()) };
                let said = link.transport.handle_end()?;
                self.say(&link.name, said);
                Ok(())
            }
        }
    }

    fn begin(
        &mut self,
        number: u64,
        name: &str,
        stream: TcpStream,
        transport: Transport,
        head: Option<Vec<u8>>,
    ) -> Result<(), Stop> {
        let place = Place { machine: self.machine, link: number };
        let sender = self.sender.clone();
        let read = sockets::read(&stream, move |happened| {
            // Nobody may listen any more.
            let _unheard = sender.send(Arrival::Link(place, happened));
        });
        read.map_err(|why| why.to_string())?;
        self.links.insert(number, Link { name: name.to_owned(), stream, transport, head });
        Ok(())
    }

    /// Bytes have come over a link.
    fn read(&mut self, number: u64, mut bytes: Vec<u8>) -> Result<(), Stop> {
        let Some(link) = self.links.get_mut(&number) else { return Ok(()) };
        if let Some(mut head) = link.head.take() {
            head.append(&mut bytes);
            if !head.ends_with(b"\r\n\r\n") {
                link.head = Some(head);
                return Ok(());
            }
            let text = String::from_utf8_lossy(&head).to_lowercase();
            if let (Peer::Server { response, .. }, false) = (&self.peer, text.contains("upgrade:"))
            {
                let status = &response["status"];
                let after = response["retry_after"].as_u64();
                let after =
                    after.map_or(String::new(), |after| format!("Retry-After: {after}\r\n"));
                // A page of another origin may look at it.
                let more = "Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: *\r\n\
                            Content-Length: 0\r\nConnection: close";
                let answer = format!("HTTP/1.1 {status} No\r\n{after}{more}\r\n\r\n");
                // It may have gone.
                let _gone = link.stream.write_all(answer.as_bytes());
                self.end(number);
                return Ok(());
            }
            bytes = head;
        }
        let (said, answer) = link.transport.handle_bytes(&bytes)?;
        // It may have gone: then that is what comes next.
        let _gone = link.stream.write_all(&answer);
        let (name, is_over) = (link.name.clone(), link.transport.is_over());
        self.say(&name, said);
        if is_over {
            self.end(number);
        }
        Ok(())
    }

    fn say(&mut self, link: &str, said: impl IntoIterator<Item = Value>) {
        let outputs = said.into_iter().map(|envelope| Output::Envelope {
            link: link.to_owned(),
            envelope: without_moments(envelope),
        });
        self.outputs.extend(outputs);
    }

    /// Ends the transport of a link.
    fn end(&mut self, number: u64) {
        if let Some(link) = self.links.remove(&number) {
            // It may have ended by itself.
            let _ended = link.stream.shutdown(Shutdown::Both);
        }
    }

    fn numbered(&self, name: &str) -> Option<u64> {
        self.links.iter().find(|(_, link)| link.name == name).map(|(number, _)| *number)
    }

    /// What the file says over a link goes over it.
    fn send(&mut self, name: &str, value: &Value) -> Result<(), Stop> {
        if let (Peer::Client(address), Some(request)) = (&self.peer, value.get("request")) {
            let (transport, bytes) = Transport::client(request)?;
            let mut stream = TcpStream::connect(address).map_err(|why| why.to_string())?;
            stream.write_all(&bytes).map_err(|why| why.to_string())?;
            self.made += 1;
            return self.begin(self.made, name, stream, transport, None);
        }
        if let (Peer::Server { response, .. }, Some(said)) =
            (&mut self.peer, value.get("response").filter(|it| it["status"] != 101))
        {
            response.clone_from(said);
        }
        let number = self.numbered(name).ok_or("there is no such link")?;
        let link = self.links.get_mut(&number).ok_or("there is no such link")?;
        let bytes = link.transport.say(value)?;
        // It may go before it has read all of it: then that is what comes next.
        let _gone = link.stream.write_all(&bytes);
        // Whoever has refused an upgrade goes.
        if value["response"]["status"].as_u64().is_some_and(|status| status != 101) {
            self.end(number);
        }
        Ok(())
    }

    /// Looks how much later it is than the file says.
    fn measure(&mut self) {
        let says = self.origin.map(|origin| origin + Duration::from_millis(self.now));
        self.lag = self.lag.max(says.map_or(Duration::ZERO, |says| says.elapsed()));
    }

    /// The transport of a link goes, and the product is seen to notice.
    fn detach(&mut self, name: &str) -> Result<(), Stop> {
        let number = self.numbered(name).ok_or("there is no such link")?;
        let link = self.links.remove(&number).ok_or("there is no such link")?;
        // It may have ended by itself.
        let _ended = link.stream.shutdown(Shutdown::Write);
        let until = Instant::now() + Duration::from_secs(1);
        while self.ended != number && self.take(until)? {}
        Ok(())
    }

    /// The process ends with its links, and another goes on from the last snapshot.
    fn restore(&mut self) -> Result<(), Stop> {
        let mut make = self.make.clone();
        make["snapshot"] = self.snapshot.clone().ok_or("no snapshot was taken")?;
        self.links.clear();
        self.silent = None;
        self.adapter.start_again()?;
        self.call(&make)?;
        // That has taken its time, which is none of the file's.
        self.origin = Instant::now().checked_sub(Duration::from_millis(self.at));
        Ok(())
    }

    /// Sees to it that the product has taken what came last, where it has said nothing of it.
    fn settle_last(&mut self) -> Result<(), Stop> {
        let Some(name) = self.silent.take() else { return Ok(()) };
        let number = self.numbered(&name);
        if let Some(link) = number.and_then(|number| self.links.get_mut(&number))
            && let Some(ping) = link.transport.ping()
        {
            let pongs = link.transport.pongs();
            // It may have gone: then no pong comes.
            let _gone = link.stream.write_all(&ping);
            let until = Instant::now() + Duration::from_secs(1);
            let waits = |live: &Self| {
                let link = number.and_then(|number| live.links.get(&number));
                link.is_some_and(|link| link.transport.pongs() == pongs)
            };
            while waits(self) && self.take(until)? {}
        }
        let until = Instant::now() + Duration::from_millis(10);
        while self.take(until)? {}
        Ok(())
    }
}

impl End for Live<'_> {
    fn handle(&mut self, at: u64, input: &Input) -> Result<(), Stop> {
        self.at = at;
        self.due = None;
        let begun = Instant::now().checked_sub(Duration::from_millis(at));
        self.now = at;
        self.measure();
        self.origin = self.origin.or(begun).min(begun);
        match input {
            Input::Envelope { link, envelope } => {
                if self.silent.as_ref().is_some_and(|last| last != link) {
                    self.settle_last()?;
                }
                self.link.clone_from(link);
                self.send(link, envelope)?;
                self.silent = Some(link.clone());
            }
            Input::Command { link, name, command } => {
                self.settle_last()?;
                if command.get("detach").is_some() {
                    return self.detach(link);
                }
                if command.get("restore").is_some() {
                    return self.restore();
                }
                let mut line = json!({ "do": command });
                if let Some(name) = name {
                    line["as"] = name.clone().into();
                }
                match self.call(&line)? {
                    snapshot if command.get("snapshot").is_some() => self.snapshot = Some(snapshot),
                    Value::Null => {}
                    result => self.outputs.push_back(Output::Result(result)),
                }
            }
        }
        Ok(())
    }

    fn handle_timeout(&mut self, _at: u64) {}

    fn poll(&mut self) -> Option<Output> {
        let output = self.outputs.pop_front()?;
        self.due = None;
        self.silent = None;
        Some(output)
    }

    fn poll_timeout(&self) -> Option<u64> {
        None
    }

    fn pass(&mut self, to: u64) {
        self.now = to;
        let due = self.origin.map(|origin| origin + Duration::from_millis(to));
        self.due = due.filter(|_| to > self.at);
    }

    fn wait(&mut self) -> Result<bool, Stop> {
        let until = self.due.unwrap_or_else(Instant::now).max(Instant::now()) + LATE;
        while self.outputs.is_empty() && self.take(until)? {}
        self.measure();
        Ok(!self.outputs.is_empty())
    }

    fn rest(&mut self) -> Result<bool, Stop> {
        let Some(until) = self.due else { return Ok(false) };
        while self.outputs.is_empty() && self.take(until)? {}
        Ok(true)
    }

    fn finish(&mut self) -> Result<bool, Stop> {
        if self.rest()? {
            return Ok(true);
        }
        let until = Instant::now() + GRACE;
        while self.take(until)? {}
        self.measure();
        Ok(false)
    }

    /// When a client dials again.
    fn is_drawn(&self, output: &Output) -> bool {
        matches!(output, Output::Envelope { envelope, .. } if envelope.get("request").is_some())
    }
}

const SILENT: &str = "the adapter does not answer";

/// What an adapter's answer says.
fn done(answer: &Value) -> Result<Value, Stop> {
    let text = |name: &str| answer[name].as_str().map(str::to_owned);
    match (text("cannot"), text("fault")) {
        (Some(why), _) => Err(Stop::Cannot(why)),
        (None, Some(why)) => Err(gone(&why)),
        (None, None) => Ok(answer["done"].clone()),
    }
}

fn gone(why: &str) -> Stop {
    Stop::Fault(format!("the adapter: {why}"))
}

/// An envelope in which what is left of a time, which passes, is what it was: of a token's life, whose
/// end is in whole seconds, to 5 s, of a wait to 1 s.
fn without_moments(mut envelope: Value) -> Value {
    for (name, unit) in [("expires", 5_000), ("retry_after", 1_000)] {
        if let Some(left) = envelope.get(name).and_then(Value::as_u64) {
            envelope[name] = (left.div_ceil(unit) * unit).into();
        }
    }
    without_timestamp(&mut envelope);
    envelope
}

/// Leaves out of an envelope when its body was written.
pub(super) fn without_timestamp(envelope: &mut Value) {
    if let Some(Value::Object(body)) = envelope.get_mut("body") {
        body.remove("timestamp");
    }
}
