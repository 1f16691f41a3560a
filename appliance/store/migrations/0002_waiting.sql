-- Requests that policy gave to people (`decided` 3), so that lists of them look at no others.
CREATE INDEX requests_waiting ON requests (seq) WHERE decided = 3;
