use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use serde_json::json;

use super::*;
use crate::output::tests::Captured;

/// Answers prepared beforehand, and the calls that asked for them.
#[derive(Clone, Default)]
pub(crate) struct Double {
    answers: Rc<RefCell<VecDeque<Answer>>>,
    calls: Rc<RefCell<Vec<Call>>>,
}

impl Double {
    pub(crate) fn answering(answers: impl IntoIterator<Item = (u16, Value)>) -> Self {
        let answers = answers.into_iter().map(|(status, body)| Answer {
            status,
            body: serde_json::to_vec(&body).unwrap(),
        });
        Self {
            answers: Rc::new(RefCell::new(answers.collect())),
            calls: Rc::default(),
        }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.borrow().clone()
    }

    /// Runs `command` and gives back its end, what it printed, and what it noted.
    pub(crate) fn run(
        &self,
        json: bool,
        command: impl FnOnce(&mut Session) -> Outcome,
    ) -> (Outcome, String, String) {
        self.run_within(None, json, command)
    }

    /// As [`run`](Self::run), on a terminal of this width.
    pub(crate) fn run_within(
        &self,
        width: Option<usize>,
        json: bool,
        command: impl FnOnce(&mut Session) -> Outcome,
    ) -> (Outcome, String, String) {
        let (out, err) = (Captured::default(), Captured::default());
        let output = Output::new(Box::new(out.clone()), Box::new(err.clone()), json);
        let mut session = Session::over(output.within(width), Box::new(self.clone()));
        let outcome = command(&mut session);
        session.out.finish().unwrap();
        (outcome, out.text(), err.text())
    }
}

impl Transport for Double {
    fn send(&self, call: &Call) -> Result<Answer, Failure> {
        self.calls.borrow_mut().push(call.clone());
        let answer = self.answers.borrow_mut().pop_front();
        answer.ok_or_else(|| Failure::unreachable("no more answers"))
    }
}

fn end(status: u16, body: Value) -> Outcome {
    Double::answering([(status, body)])
        .run(false, |session| {
            session.call_and_show::<Value>(&Call::get("/v1/x"), |_, _| {})
        })
        .0
}

#[test]
fn yes_waiting_and_no_end_differently() {
    assert_eq!(end(200, json!({})).unwrap(), Exit::Done);
    assert_eq!(end(202, json!({})).unwrap(), Exit::NeedsApproval);
    let problem = Problem::new(countersign_api::ErrorCode::PolicyDenied, "no");
    let problem = serde_json::to_value(problem).unwrap();
    let failure = end(403, problem.clone()).unwrap_err();
    assert_eq!(failure.exit, Exit::Refused);
    assert_eq!(failure.body, Some(problem));
}

#[test]
fn an_answer_of_something_else_is_not_taken_for_a_refusal() {
    for (status, body) in [(403, json!({"error": "proxy"})), (502, json!("x"))] {
        assert_eq!(end(status, body).unwrap_err().exit, Exit::Unreachable);
    }
    let html = Answer {
        status: 200,
        body: b"<html>".to_vec(),
    };
    let failure = read::<Value>(&Call::get("/v1/x"), &html).unwrap_err();
    assert_eq!(failure.exit, Exit::Unreachable);
}

#[test]
fn json_is_the_answer_with_fields_this_program_does_not_know() {
    let (_, out, _) = Double::answering([(200, json!({"id": "a", "new": 1}))])
        .run(true, |session| {
            session.call_and_show::<Value>(&Call::get("/v1/x"), |_, out| out.line("people"))
        });
    assert_eq!(
        serde_json::from_str::<Value>(&out).unwrap(),
        json!({"id": "a", "new": 1})
    );
}

#[test]
fn a_problem_with_a_new_code_is_judged_by_its_status() {
    for (status, exit) in [
        (403, Exit::Refused),
        (400, Exit::Usage),
        (503, Exit::Unreachable),
    ] {
        let body =
            json!({"title": "no", "code": "of_tomorrow", "detail": "because", "status": status});
        let failure = end(status, body.clone()).unwrap_err();
        assert_eq!(failure.exit, exit);
        assert_eq!(failure.lines, ["no (`of_tomorrow`)", "  because"]);
        assert_eq!(failure.body, Some(body));
    }
}
