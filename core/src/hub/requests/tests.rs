use ahash::RandomState;

use super::*;
use crate::dedup::WindowConfig;
use crate::hub::inline_text::InlineText;
use crate::seed::Seed;

const LINK: LinkIndex = LinkIndex(1);
const OTHER: LinkIndex = LinkIndex(2);
const NOW: Mono = Mono::ZERO;

struct Desk {
    requests: Requests,
    users: Users,
    ada: UserIndex,
}

impl Desk {
    fn new(bound: u32) -> Self {
        let window = Window::new(WindowConfig::default(), Seed::from_number(1));
        let requests = Requests::new(bound, Duration::from_secs(10), window);
        let mut users = Users::new(RandomState::with_seeds(1, 2, 3, 4));
        let ada = users.enter("ada", requests.user_key("ada"));
        Self { requests, users, ada }
    }

    fn key(&self, id: &str) -> Key {
        let user = self.users.get(self.ada).unwrap().key;
        self.requests.key_of(user, Some(id), "").unwrap()
    }

    /// A request of this id, sent over [`LINK`].
    fn ask(&mut self, id: &str, now: Mono, pieces: Pieces) -> RequestId {
        let key = self.key(id);
        self.requests.remember(now, key);
        let mut running = Running::new(LINK, self.ada, now);
        running.key = Some(key);
        running.id = Some(InlineText::new(id));
        running.pieces = pieces;
        self.requests.enter(running, &mut self.users).unwrap()
    }

    fn again(
        &mut self,
        id: &str,
        link: LinkIndex,
        unnamed: bool,
        pieces: bool,
    ) -> Option<Attached> {
        let again = Again { key: self.key(id), link, user: self.ada, unnamed, pieces };
        self.requests.attach(NOW, again, &mut self.users)
    }

    fn end(&mut self, request: RequestId, answer: &[u8]) -> Option<Running> {
        self.requests.end(request, &answer.into(), &mut self.users)
    }
}

#[test]
fn a_request_ends_once_and_its_answer_is_kept_for_repeats() {
    let mut desk = Desk::new(4);
    let request = desk.ask("\"a\"", NOW, Pieces::Unwanted);
    let key = desk.key("\"a\"");
    assert!(matches!(desk.requests.seen(NOW, key), Some(First::Pending)));
    assert_eq!(desk.end(request, b"answer").map(|ended| ended.link), Some(LINK));
    assert!(desk.end(request, b"again").is_none());
    let Some(First::Result(kept)) = desk.requests.seen(NOW, key) else { panic!("it is not kept") };
    assert_eq!(&*kept, b"answer");
    assert_eq!((desk.requests.len(), desk.users.get(desk.ada).unwrap().requests), (0, 0));
}

#[test]
fn a_named_repeat_takes_the_answer_over() {
    let mut desk = Desk::new(4);
    let first = desk.ask("\"a\"", NOW, Pieces::Unwanted);
    let moved = Some(Attached::Moved { first, from: LINK });
    assert_eq!(desk.again("\"a\"", OTHER, false, false), moved);
    assert_eq!(desk.again("\"b\"", OTHER, false, false), None, "no such request runs");
    assert_eq!(desk.end(first, b"x").map(|ended| ended.link), Some(OTHER));
}

#[test]
fn repeats_without_ids_share_the_answer_each() {
    let mut desk = Desk::new(3);
    let first = desk.ask("\"a\"", NOW, Pieces::Unwanted);
    let mut sharers = Vec::new();
    for _ in 0..2 {
        let Some(Attached::Shared { first: of, sharer }) = desk.again("\"a\"", OTHER, true, false)
        else {
            panic!("it was not attached")
        };
        assert_eq!(of, first);
        sharers.push(sharer);
    }
    assert_eq!(desk.again("\"a\"", OTHER, true, false), None, "as many as may run");
    let ended = desk.end(first, b"x").unwrap();
    while let Some((sharer, running)) = desk.requests.end_sharer(&ended, &mut desk.users) {
        assert_eq!(running.link, OTHER);
        sharers.retain(|it| *it != sharer);
    }
    assert_eq!((sharers.len(), desk.requests.len()), (0, 0));
}

#[test]
fn pieces_go_to_whom_has_had_all_of_them() {
    let mut desk = Desk::new(4);
    let request = desk.ask("\"a\"", NOW, Pieces::Wanted);
    let piece = |desk: &mut Desk, text: &'static [u8]| desk.requests.piece(request, text).unwrap();
    assert_eq!(piece(&mut desk, b"one"), Piece::Send(LINK, "one".into()));
    assert_eq!(piece(&mut desk, b"\xed\xa0\xbd"), Piece::Held(LINK), "half a character");
    desk.requests.stop_pieces(request);
    assert_eq!(piece(&mut desk, b"three"), Piece::Whole);

    let request = desk.ask("\"b\"", NOW, Pieces::Wanted);
    assert!(desk.requests.wants_pieces(request));
    desk.again("\"b\"", OTHER, false, true).unwrap();
    let piece = desk.requests.piece(request, b"one").unwrap();
    assert_eq!(piece, Piece::Send(OTHER, "one".into()), "nothing had begun");
    desk.again("\"b\"", LINK, false, true).unwrap();
    assert_eq!(desk.requests.piece(request, b"two"), Some(Piece::Whole), "it has missed one");
}

#[test]
fn requests_of_a_link_that_has_ended_wait_for_a_repeat() {
    let mut desk = Desk::new(4);
    let request = desk.ask("\"a\"", NOW, Pieces::Wanted);
    desk.requests.orphan(LINK, desk.users.get(desk.ada).unwrap());
    assert_eq!(desk.requests.piece(request, b"x"), Some(Piece::Absent { kept: true }));
    let from = LinkIndex::NONE;
    let attached = desk.again("\"a\"", OTHER, false, false);
    assert_eq!(attached, Some(Attached::Moved { first: request, from }));
}

#[test]
fn requests_expire_in_the_order_of_asking() {
    let mut desk = Desk::new(4);
    let late = Mono::from_millis(1);
    let first = desk.ask("\"a\"", NOW, Pieces::Unwanted);
    let second = desk.ask("\"b\"", late, Pieces::Unwanted);
    let due = NOW + Duration::from_secs(10);
    assert_eq!(desk.requests.expiry(), Some(due));
    assert_eq!(desk.requests.expired(NOW), None);
    assert_eq!(desk.requests.expired(due), Some(first));
    desk.end(first, b"expired");
    assert_eq!(desk.requests.expired(due), None);
    assert_eq!(desk.requests.expired(late + Duration::from_secs(10)), Some(second));
}
