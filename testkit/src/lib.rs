//! Fakes, fault injection, conformance suites and real servers for gori's own tests.
