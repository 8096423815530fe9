package scenario

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
	"github.com/onafed/onafed/internal/bench/fakests"
)

// A DeadKey is what requests experience that are under way together when a service begins to reject their
// key, with the SDK's default retries.
type DeadKey struct {
	Requests   int
	Ours, Peer DeadKeySide
}

// A DeadKeySide is the result of one side.
type DeadKeySide struct {
	Succeeded int
	STSCalls  int // for the new key
}

// RunDeadKey sends the requests to a service that takes 50 ms and rejects the first key with
// ExpiredToken.
func RunDeadKey(requests int) DeadKey {
	through := func(p aws.CredentialsProvider, s *fakests.STS, options ...func(*middleware.Stack) error) DeadKeySide {
		creds, err := p.Retrieve(context.Background())
		if err != nil {
			return DeadKeySide{Succeeded: -1}
		}
		before := len(s.Calls())
		client := sts.NewFromConfig(aws.Config{Region: "us-east-1", Credentials: p, HTTPClient: rejecting(creds.AccessKeyID), APIOptions: options})
		var succeeded atomic.Int64
		var wg sync.WaitGroup
		for range requests {
			wg.Go(func() {
				if _, err := client.GetCallerIdentity(context.Background(), nil); err == nil {
					succeeded.Add(1)
				}
			})
		}
		wg.Wait()
		time.Sleep(time.Minute)
		return DeadKeySide{Succeeded: int(succeeded.Load()), STSCalls: len(s.Calls()) - before}
	}
	d := DeadKey{Requests: requests}
	ours := &fakests.STS{Latency: latency}
	p := fakests.Provider(ours.Client())
	d.Ours = through(p, ours, p.APIOption())
	peer := &fakests.STS{Latency: latency}
	d.Peer = through(fakests.Cache(peer.Client(), 0), peer)
	return d
}

// rejecting is a service that rejects one key.
type rejecting string

// Do answers GetCallerIdentity.
func (key rejecting) Do(r *http.Request) (*http.Response, error) {
	t := time.NewTimer(latency)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	status, body := http.StatusOK, `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>1</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
	if strings.Contains(r.Header.Get("Authorization"), "Credential="+string(key)+"/") {
		status, body = http.StatusForbidden, `<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>expired</Message></Error></ErrorResponse>`
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}}, Request: r,
		ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}
