package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/bench/fakests"
)

// measureCold measures the first credentials over new connections from a loopback STS with a latency
// of 50 ms. Our token source takes 20 ms; the SDK reads its token from memory.
func measureCold(ctx context.Context, b *bench) error {
	const tokenTime = 20 * time.Millisecond
	fake, endpoint, stop, err := serveSTS()
	if err != nil {
		return err
	}
	defer stop()
	fake.Latency = stsTime

	first := func(provider func(c *sts.Client) aws.CredentialsProvider) (took time.Duration, err error) {
		tr := &http.Transport{}
		defer tr.CloseIdleConnections()
		p := provider(sts.New(sts.Options{
			Region: "us-east-1", HTTPClient: &http.Client{Transport: tr}, BaseEndpoint: &endpoint,
		}))
		begin := time.Now()
		_, err = p.Retrieve(ctx)
		return time.Since(begin), err
	}
	var tokens atomic.Int64
	slow := idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) {
		tokens.Add(1)
		time.Sleep(tokenTime)
		return idp.ParseToken(fakests.RawToken(time.Now()))
	})
	var ours, peer []float64
	var oursCalls int
	for range b.rounds {
		before := len(fake.Calls())
		o, err := first(func(c *sts.Client) aws.CredentialsProvider { return must(awsfed.New(c, fakests.RoleARN, slow)) })
		if err != nil {
			return err
		}
		oursCalls += len(fake.Calls()) - before
		p, err := first(func(c *sts.Client) aws.CredentialsProvider {
			return aws.NewCredentialsCache(stscreds.NewWebIdentityRoleProvider(c, fakests.RoleARN, fakests.Retriever(fakests.RawToken(time.Now()))))
		})
		if err != nil {
			return err
		}
		ours, peer = append(ours, float64(o)/float64(tokenTime+stsTime)), append(peer, float64(p)/float64(stsTime))
	}
	perFirst := func(n int) string { return strconv.FormatFloat(float64(n)/float64(b.rounds), 'g', 3, 64) }
	b.add(line{
		work:  "first credentials: time, in latencies of the requests",
		peer:  fmt.Sprintf("aws.CredentialsCache: %s x", digits(median(peer))),
		ours:  fmt.Sprintf("%s x", digits(median(ours))),
		ratio: ratioText(median(ours) / median(peer)),
		goal:  "<= 1.05 x", verdict: judge(median(ours) <= 1.05),
	})
	b.add(line{
		work: "first credentials: requests",
		peer: "aws.CredentialsCache: 1 STS",
		ours: perFirst(int(tokens.Load())) + " token, " + perFirst(oursCalls) + " STS",
		goal: "1 token, 1 STS", verdict: judge(int(tokens.Load()) == b.rounds && oursCalls == b.rounds),
	})
	return nil
}

// serveSTS starts an STS on loopback.
func serveSTS() (fake *fakests.STS, endpoint string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", nil, err
	}
	fake = &fakests.STS{}
	srv := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		resp, err := fake.Do(r)
		check(err)
		defer resp.Body.Close()
		check(copyResponse(w, resp))
	})}
	go func() { _ = srv.Serve(l) }()
	return fake, "http://" + l.Addr().String(), func() { _ = srv.Close() }, nil
}
