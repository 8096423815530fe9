// Package simulation tests package awsfed and internal/refresh in random histories, in virtual time. It
// contains only tests.
//
// A seed decides one simulated day: which engine, provider or pool, its options, the latencies, outages,
// refusals and throttling of the source, the calls, cancellations, Invalidate and Run, changes of the
// wall clock, and suspensions of the machine. Invariants are checked after each call, each request and
// each refresh, and each minute; package documentation of internal/refresh states the rules that they
// express. The same seed gives the same history, so a failure prints its seed and can be repeated:
//
//	go test ./internal/simulation -seed=4711 -v
//
// By default the test simulates some days, which takes a few seconds. To simulate more:
//
//	go test ./internal/simulation -timeout=0 -from=1000 -days=100000
//
// The wall clock of a bubble of testing/synctest cannot be changed while its timers continue. Instead,
// everything that the code under test remembers is made older by reflection, and the clock of the
// server is changed by the same time, which is the same for the code under test.
package simulation
