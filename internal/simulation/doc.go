// Package simulation tests package awsfed and internal/refresh in random histories, in virtual time. It
// contains only tests.
//
// A seed decides one simulated day: which engine, provider or pool, its options, the latencies,
// outages, refusals and throttling of the source, the calls, cancellations, Invalidate and Run,
// changes of the wall clock, and suspensions of the machine. Invariants are checked after each
// call, each request and each refresh, and each minute; the package documentation of
// internal/refresh has the rules behind them. The same seed gives the same history, so a failure
// prints its seed and can be repeated:
//
//	go test ./internal/simulation -seed=4711 -v
//
// By default the test simulates some days, which takes a few seconds. To simulate more:
//
//	go test ./internal/simulation -timeout=0 -from=1000 -days=100000
//
// The wall clock of a bubble of testing/synctest cannot be changed while its timers continue.
// Instead, the test uses reflection to make all times older that the code under test has stored,
// and changes the clock of the server by the same time. The code under test cannot see a
// difference.
package simulation
