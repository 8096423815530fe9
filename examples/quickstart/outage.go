package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp"
)

const (
	sessionLife = 6 * time.Second
	runFor      = 10 * time.Second
	outageFrom  = 2500 * time.Millisecond
	outageTo    = 4500 * time.Millisecond
	callers     = 16
	// waited is the duration from which on a call counts as waiting. A cached value takes
	// microseconds, and an STS call over HTTP milliseconds; a busy machine stays below this limit.
	waited = 50 * time.Millisecond
)

// outage runs callers while credentials expire and refresh, and while STS answers 500 for some
// time.
func outage(ctx context.Context, src idp.TokenSource, endpoint string, fake *awsfedtest.STS, out *report) error {
	before := len(fake.Calls())
	cfg, err := loadConfig(ctx, roleARN, src, endpoint, func(o *awsfed.Options) { o.Duration, o.AnyDuration = sessionLife, true })
	if err != nil {
		return err
	}
	first, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}

	begin := time.Now()
	running, stop := context.WithTimeout(ctx, runFor)
	defer stop()
	from := time.AfterFunc(outageFrom, func() { fake.Outage(true) })
	to := time.AfterFunc(outageTo, func() { fake.Outage(false) })
	defer from.Stop()
	defer to.Stop()

	results := make([]tally, callers)
	var group sync.WaitGroup
	for i := range results {
		group.Go(func() { results[i].run(running, cfg.Credentials.Retrieve) })
	}
	group.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}

	total := tally{keys: map[string]bool{first.AccessKeyID: true}}
	for _, r := range results {
		total.add(r)
	}
	stsCalls, stsFailed := 0, 0
	for _, c := range fake.Calls()[before:] {
		stsCalls++
		if c.Code != "" {
			stsFailed++
		}
	}
	out.line("sessions live", "%s; %d callers ran for %s", sessionLife, callers, time.Since(begin).Round(time.Second))
	out.line("STS down", "from %s to %s", outageFrom, outageTo)
	out.line("calls", "%d", total.calls)
	out.line("failed", "%d", total.failed)
	out.line("waited", "%d longer than %s (longest call: %s)", total.waited, waited, total.longest.Round(time.Microsecond))
	out.line("credentials", "%d different sessions", len(total.keys))
	out.line("STS calls", "%d, of which %d failed", stsCalls, stsFailed)
	switch {
	case total.failed > 0:
		return fmt.Errorf("%d of %d calls failed; the first: %w", total.failed, total.calls, total.err)
	case len(total.keys) < 2:
		return fmt.Errorf("the credentials were not refreshed in %s", runFor)
	case stsFailed == 0:
		return fmt.Errorf("there was no STS call in the outage, so it proves nothing")
	}
	return nil
}
