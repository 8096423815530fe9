package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

// devCommand is dev.
type devCommand struct {
	Listen  string        `help:"The loopback address of the STS." default:"127.0.0.1:0" placeholder:"HOST:PORT"`
	RoleARN string        `help:"The role that exists." default:"arn:aws:iam::123456789012:role/dev" placeholder:"ARN"`
	Policy  string        `help:"The role's trust policy, to try it. Default: the organization of the token is let in." placeholder:"FILE"`
	TTL     time.Duration `name:"ttl" help:"How long credentials live that are asked for without a duration." default:"1h"`
	Outage  time.Duration `help:"Let STS answer 500 for this long in every minute."`
	Dir     string        `help:"Where the token file and the endpoint's token are kept. Default: a temporary folder." placeholder:"FOLDER"`
	Verbose bool          `short:"v" help:"Say on standard error what each call got."`
}

// Help implements kong.HelpProvider.
func (c *devCommand) Help() string {
	return `Example: in one terminal

    onafed dev --ttl 5m > dev.env

and in another, with the AWS CLI, any AWS SDK, or onafed itself:

    set -a; . ./dev.env; aws sts get-caller-identity

The keys that it gives out are fakes (ASIATESTONAFED...) and work nowhere else.`
}

// The identity of the tokens that dev signs.
const (
	devOrganization = "0191e223-1c3c-7607-badf-303c98b52d2f"
	devProject      = "019527e4-75d5-704d-a5a4-a2b52cf56198"
	devEnvironment  = "019527e4-75d5-704d-a5a4-a2b52cf56196"
)

// Run implements the command.
func (c *devCommand) Run(ctx context.Context, t *terminal) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	w, err := c.world(t)
	if err != nil {
		return unanswered(err)
	}
	dir, remove, err := c.folder()
	if err != nil {
		return err
	}
	defer remove()

	stsListener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	endpointListener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		stsListener.Close()
		return err
	}
	tokenFile, err := export.NewTokenFile(filepath.Join(dir, "token", "token"), w, &export.TokenFileOptions{Logger: logger(t, c.Verbose)})
	if err != nil {
		return err
	}
	if _, err := tokenFile.Write(ctx); err != nil {
		return err
	}
	provider, err := awsfed.New(w.sts, c.RoleARN, w)
	if err != nil {
		return unanswered(err)
	}
	authorization := export.NewHandlerToken()
	authorizationFile, err := writeSecret(filepath.Join(dir, "endpoint-token"), "", authorization)
	if err != nil {
		return err
	}
	endpoint, err := export.NewHandler(provider, authorization, &export.HandlerOptions{RoleARN: c.RoleARN, Logger: logger(t, c.Verbose)})
	if err != nil {
		return err
	}

	var group sync.WaitGroup
	server := &http.Server{Handler: w, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 3)
	group.Go(func() {
		if err := server.Serve(stsListener); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	})
	group.Go(func() {
		if err := endpoint.Serve(ctx, endpointListener); err != nil {
			failed <- err
		}
	})
	group.Go(func() {
		if err := tokenFile.Run(ctx); err != nil {
			failed <- err
		}
	})
	group.Go(func() { w.outages(ctx, t, c.Outage) })

	fmt.Fprintf(t.out, "AWS_ENDPOINT_URL_STS=http://%s\nAWS_REGION=us-east-1\nAWS_DEFAULT_REGION=us-east-1\nAWS_ROLE_ARN=%s\nAWS_WEB_IDENTITY_TOKEN_FILE=%s\n",
		stsListener.Addr(), c.RoleARN, tokenFile.Path())
	for line := range strings.Lines(endpointLines(endpointListener.Addr(), authorizationFile)) {
		fmt.Fprintf(t.out, "# %s", line) // instead of AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, which SDKs prefer
	}
	t.say("STS on http://%s, with the issuer's documents below /.well-known/; ctrl-C ends it", stsListener.Addr())

	select {
	case <-ctx.Done():
		err = nil
	case err = <-failed:
	}
	stop()
	server.Close()
	group.Wait()
	return err
}

// folder is where the files stand, and what takes them away again.
func (c *devCommand) folder() (dir string, remove func(), err error) {
	if c.Dir != "" {
		dir, err = filepath.Abs(c.Dir)
		return dir, func() {}, err
	}
	if dir, err = os.MkdirTemp("", "onafed-dev-"); err != nil {
		return "", nil, err
	}
	return dir, func() { os.RemoveAll(dir) }, nil //nolint:errcheck // nothing that anybody needs is left
}

// devWorld is an issuer under Ona's name and an STS that knows it. It is the token source of dev.
type devWorld struct {
	ring      *issuer.KeyRing
	documents *issuer.Handler
	sts       *awsfedtest.STS
	issued    time.Duration
}

func (c *devCommand) world(t *terminal) (*devWorld, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	signer, err := issuer.NewSigner(key, &issuer.SignerOptions{KeyID: "k0"})
	if err != nil {
		return nil, err
	}
	w := &devWorld{issued: time.Hour}
	if w.ring, err = issuer.NewKeyRing(nil); err != nil {
		return nil, err
	}
	if err := w.ring.Publish(signer); err != nil {
		return nil, err
	}
	if w.documents, err = issuer.NewHandler(idp.Issuer, w.ring, nil); err != nil {
		return nil, err
	}
	policy, err := c.policy()
	if err != nil {
		return nil, err
	}
	account := strings.Split(c.RoleARN+":::::", ":")[4]
	w.sts, err = awsfedtest.NewSTS(&awsfedtest.STSOptions{
		HTTPClient:  &http.Client{Transport: w},
		Providers:   []awsfedtest.Provider{{URL: idp.Issuer, ClientIDs: []string{idp.AudienceAWS}, Account: account}},
		Roles:       []awsfedtest.Role{{ARN: c.RoleARN, TrustPolicy: policy, MaxSessionDuration: c.TTL}},
		MinDuration: time.Second,
		OnCall: func(call awsfedtest.Call) {
			if c.Verbose || !call.OK() {
				t.say("%s %s: %s", call.Action, call.RoleARN, strings.TrimSpace(cmp.Or(call.Code, "ok")+" "+call.Reason))
			}
		},
	})
	return w, err
}

func (c *devCommand) policy() (trust.Policy, error) {
	if c.Policy == "" {
		return trust.Build(trust.Rule{Account: strings.Split(c.RoleARN+":::::", ":")[4], Organization: devOrganization})
	}
	text, err := os.ReadFile(c.Policy)
	if err != nil {
		return trust.Policy{}, err
	}
	return trust.Parse(text)
}

// Token implements idp.TokenSource.
func (w *devWorld) Token(ctx context.Context) (*idp.Token, error) {
	subject, err := claims.SubjectFrom(claims.Organization(devOrganization), claims.Project(devProject), claims.Environment(devEnvironment))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	raw, err := w.ring.Sign(ctx, map[string]any{
		"iss": idp.Issuer, "aud": idp.AudienceAWS, "sub": subject, "org": devOrganization,
		"iat": now.Unix(), "exp": now.Add(w.issued).Unix(),
	})
	if err != nil {
		return nil, err
	}
	return idp.ParseToken(raw)
}

// RoundTrip answers the STS's requests for the issuer's documents, in memory.
func (w *devWorld) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := http.StatusOK, w.documents.Documents()[strings.TrimPrefix(r.URL.Path, "/")]
	if body == nil {
		status = http.StatusNotFound
	}
	return &http.Response{
		StatusCode: status,
		Header:     http.Header{"Content-Type": {"application/json"}},
		Body:       io.NopCloser(bytes.NewReader(body)),
		Request:    r,
	}, nil
}

// ServeHTTP is the STS, and the issuer's documents to look at.
func (w *devWorld) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/.well-known/") {
		w.documents.ServeHTTP(rw, r)
		return
	}
	w.sts.ServeHTTP(rw, r)
}

// outages lets the STS fail in the last part of every minute.
func (w *devWorld) outages(ctx context.Context, t *terminal, length time.Duration) {
	if length <= 0 {
		return
	}
	length = min(length, time.Minute)
	for down := false; ; down = !down {
		wait := time.Minute - length
		if down {
			wait = length
			t.say("STS is down for %s", length)
		}
		w.sts.Outage(down)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}
