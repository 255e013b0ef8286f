//! Which of the host's lines count: those that answer our hello, each once and in their order.

use crate::channel::messages::Numbering;

/// What a line is worth.
#[derive(Debug, PartialEq, Eq)]
pub enum Worth {
    /// It was meant for an agent that is no more, answers an earlier hello, or came before.
    Nothing,
    /// The first answer to the present hello: counting begins with it.
    Answer,
    /// It counts.
    Line,
    /// Our hello is answered again with a number that was used: by another gateway, whose coming the port did
    /// not show us. Both count the same numbers, so that a new hello has to tell them apart.
    Rival,
}

/// A count of lines under one hello, or under the session for a host that names no hello.
#[derive(Debug, Clone)]
enum Count {
    Hello { token: String, number: u64 },
    Session,
}

/// The numbers of the host's lines. No clock and no memory of lines: what an earlier gateway has left in the
/// port names an earlier hello, and a line that comes again has a number that was used.
#[derive(Debug)]
pub struct Hearing {
    session: String,
    /// Of the hello that is said now, or was answered last.
    hello: String,
    count: Option<Count>,
    answered: bool,
    /// For hosts that name no hello: rises over the session's life.
    number_of_session: u64,
}

impl Hearing {
    pub fn new(session: String) -> Self {
        Self {
            session,
            hello: String::new(),
            count: None,
            answered: false,
            number_of_session: 0,
        }
    }

    pub fn session(&self) -> &str {
        &self.session
    }

    /// The token of the hello that is said now.
    pub fn hello(&self) -> &str {
        &self.hello
    }

    /// The host has answered the present hello.
    pub fn is_answered(&self) -> bool {
        self.answered
    }

    /// A new hello is said from now on; until it is answered, nothing counts.
    pub fn begin(&mut self, hello: String) {
        self.begin_again(hello);
        self.count = None;
    }

    /// A new hello is said from now on; until it is answered, lines under the one before it count.
    pub fn begin_again(&mut self, hello: String) {
        self.hello = hello;
        self.answered = false;
    }

    /// Nobody is there to be heard.
    pub fn end(&mut self) {
        self.answered = false;
        self.count = None;
    }

    /// Judges a line, and counts it when it counts.
    pub fn judge(&mut self, line: &Numbering) -> Worth {
        let (Some(session), Some(number)) = (&line.session, line.counter) else {
            return Worth::Nothing;
        };
        if *session != self.session {
            return Worth::Nothing;
        }
        let is_answer = line.kind == "handshake_ack";
        match &line.hello {
            Some(hello) if is_answer && *hello == self.hello => self.answer(number),
            Some(hello) => match &mut self.count {
                Some(Count::Hello { token, number: last }) if token == hello && number > *last => {
                    *last = number;
                    Worth::Line
                }
                _ => Worth::Nothing,
            },
            None => self.judge_by_session(is_answer, number),
        }
    }

    fn answer(&mut self, number: u64) -> Worth {
        if let Some(Count::Hello { token, number: last }) = &mut self.count
            && *token == self.hello
        {
            if number <= *last {
                return Worth::Rival;
            }
            *last = number;
            return Worth::Line;
        }
        // Also after the answer of a host that names no hello: that one was left in the port.
        self.count = Some(Count::Hello {
            token: self.hello.clone(),
            number,
        });
        self.answered = true;
        Worth::Answer
    }

    fn judge_by_session(&mut self, is_answer: bool, number: u64) -> Worth {
        if number <= self.number_of_session {
            return Worth::Nothing;
        }
        let begins = is_answer && !self.answered;
        // A host that has named our hello names it in every line: this one was left in the port.
        if !begins && !matches!(self.count, Some(Count::Session)) {
            return Worth::Nothing;
        }
        self.number_of_session = number;
        if !begins {
            return Worth::Line;
        }
        self.count = Some(Count::Session);
        self.answered = true;
        Worth::Answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(kind: &str, hello: Option<&str>, counter: u64) -> Numbering {
        Numbering {
            kind: kind.into(),
            session: Some("session".into()),
            hello: hello.map(str::to_owned),
            counter: Some(counter),
        }
    }

    fn said(hello: &str) -> Hearing {
        let mut hearing = Hearing::new("session".into());
        hearing.begin(hello.into());
        hearing
    }

    #[test]
    fn counts_from_one_under_each_hello() {
        let mut hearing = said("a");
        assert_eq!(hearing.judge(&line("ack", Some("a"), 1)), Worth::Nothing, "not answered yet");
        assert_eq!(hearing.judge(&line("handshake_ack", Some("a"), 1)), Worth::Answer);
        assert_eq!(hearing.judge(&line("ack", Some("a"), 2)), Worth::Line);
        assert_eq!(hearing.judge(&line("ack", Some("a"), 2)), Worth::Nothing, "a replay");
        hearing.begin("b".into());
        assert_eq!(
            hearing.judge(&line("handshake_ack", Some("a"), 3)),
            Worth::Nothing,
            "an answer to an earlier hello"
        );
        assert_eq!(hearing.judge(&line("handshake_ack", Some("b"), 1)), Worth::Answer);
        assert_eq!(
            hearing.judge(&line("ack", Some("a"), 4)),
            Worth::Nothing,
            "what was left in the port"
        );
        assert_eq!(hearing.judge(&line("ack", Some("b"), 2)), Worth::Line);
    }

    #[test]
    fn an_answer_that_begins_again_tells_of_another_gateway() {
        let mut hearing = said("a");
        hearing.judge(&line("handshake_ack", Some("a"), 1));
        assert_eq!(hearing.judge(&line("handshake_ack", Some("a"), 2)), Worth::Line);
        assert_eq!(hearing.judge(&line("handshake_ack", Some("a"), 1)), Worth::Rival);
    }

    #[test]
    fn lines_under_the_hello_before_count_until_another_one_of_the_same_host_is_answered() {
        let mut hearing = said("a");
        hearing.judge(&line("handshake_ack", Some("a"), 1));
        hearing.begin_again("b".into());
        assert!(!hearing.is_answered());
        assert_eq!(hearing.judge(&line("ack", Some("a"), 2)), Worth::Line);
        assert_eq!(hearing.judge(&line("handshake_ack", Some("b"), 1)), Worth::Answer);
        assert_eq!(hearing.judge(&line("ack", Some("a"), 3)), Worth::Nothing);
    }

    #[test]
    fn a_host_that_names_no_hello_counts_over_the_session() {
        let mut hearing = said("a");
        assert_eq!(hearing.judge(&line("handshake_ack", None, 1000)), Worth::Answer);
        assert_eq!(hearing.judge(&line("ack", None, 1001)), Worth::Line);
        hearing.begin("b".into());
        assert_eq!(hearing.judge(&line("ack", None, 1002)), Worth::Nothing);
        assert_eq!(hearing.judge(&line("handshake_ack", None, 1001)), Worth::Nothing);
        assert_eq!(hearing.judge(&line("handshake_ack", None, 1003)), Worth::Answer);
        // Such an answer may have been left in the port by the gateway before an upgrade.
        assert_eq!(hearing.judge(&line("handshake_ack", Some("b"), 1)), Worth::Answer);
        assert_eq!(hearing.judge(&line("ack", None, 1004)), Worth::Nothing);
        assert_eq!(hearing.judge(&line("ack", Some("b"), 2)), Worth::Line);
    }
}
