package idp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/onafed/onafed/internal/httpjson"
	"github.com/onafed/onafed/internal/quote"
)

const (
	// maxAnswer, in bytes, is enough for the largest token in JSON, and for a long error.
	maxAnswer = 64 << 10
	// maxClockSkew is the largest difference between two clocks that an error does not mention.
	maxClockSkew = time.Minute
)

// A tokenRequest is the body of a request.
type tokenRequest struct {
	Audience []string     `json:"audience"`
	Version  TokenVersion `json:"version"`
}

// IDToken requests a new ID token for the given audiences, at least one. The token is for the owner
// of the API token: the environment, or the user of a personal API token.
//
// IDToken retries temporary errors and sends up to MaxAttempts requests. Between them it pauses for a
// random time, or as long as the server asks if that is at most 30 seconds. If ctx has a deadline
// before the end of the pause, IDToken returns the last error at once.
//
// The error is an [*OptionError] for an audience that is not valid, and a [*SourceError] if there
// is no usable API token. Otherwise it wraps a [*RequestError] for an error of the API, a
// [*NotTokenError] for an answer whose token is not an ID token, [claims.ErrExpired] for an expired
// token, a [*claims.ValidationError] for a token without a requested audience, or the error of the
// network or of ctx.
func (c *Client) IDToken(ctx context.Context, audiences ...string) (*Token, error) {
	if err := checkAudiences("IDToken", audiences...); err != nil {
		return nil, err
	}
	body, err := json.Marshal(tokenRequest{Audience: audiences, Version: c.opts.Version})
	if err != nil {
		return nil, fmt.Errorf("idp: encode the request: %w", err)
	}
	var (
		last error
		sent string
	)
	for attempt := 1; ; attempt++ {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("idp: no ID token: %w", err)
		}
		bearer, err := c.bearer(ctx)
		switch {
		case err != nil:
			return nil, err
		case bearer == sent && errors.Is(last, ErrUnauthenticated):
			return nil, last
		}
		t, err := c.attempt(ctx, attempt, body, bearer, audiences)
		if err == nil {
			return t, nil
		}
		if attempt >= c.opts.MaxAttempts || !c.waitToRetry(ctx, attempt, err) {
			if ended := ctx.Err(); ended != nil && !errors.Is(err, ended) {
				return nil, fmt.Errorf("%w; not retried: %w", err, ended)
			}
			return nil, err
		}
		last, sent = err, bearer
	}
}

// attempt sends one request and logs its result.
func (c *Client) attempt(ctx context.Context, attempt int, body []byte, bearer string, audiences []string) (*Token, error) {
	start := time.Now()
	t, err := c.request(ctx, body, bearer, audiences)
	if err != nil {
		c.opts.Logger.DebugContext(ctx, "idp: ID token request failed", "attempt", attempt, "duration", time.Since(start), "error", err.Error())
		return nil, err
	}
	c.opts.Logger.DebugContext(ctx, "idp: got an ID token", "attempt", attempt, "duration", time.Since(start), "token", t)
	return t, nil
}

func (c *Client) request(ctx context.Context, body []byte, bearer string, audiences []string) (*Token, error) {
	resp, err := httpjson.Do(ctx, httpjson.Request{
		Client: c.opts.HTTPClient,
		URL:    c.endpoint,
		Header: http.Header{
			"Authorization":            {"Bearer " + bearer},
			"Connect-Protocol-Version": {"1"}, // required by the protocol, so that proxies recognize it
			"User-Agent":               {"onafed-go"},
		},
		Body:                 body,
		Limit:                maxAnswer,
		Timeout:              c.opts.AttemptTimeout,
		InsecureLoopbackHTTP: c.opts.InsecureLoopbackHTTP,
		AllowRedirect:        func(to *url.URL) bool { return c.allowed[httpjson.HostPort(to)] },
	})
	if err != nil {
		return nil, fmt.Errorf("idp: no ID token: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		e := parseError(resp.URL.Host, resp.StatusCode, resp.Header, resp.Body, bearer, time.Now())
		if t, err := ParseToken(bearer); err == nil {
			e.sentAudience = t.data().claims.Audience
		}
		return nil, e
	}
	t, err := parseAnswer(resp, bearer, audiences, time.Now())
	if err != nil {
		return nil, fmt.Errorf("idp: %s answered without a usable ID token: %w", resp.URL.Host, unprefixed{err})
	}
	return t, nil
}

// parseAnswer returns the token of an answer with status 200. It removes secret from text of the
// server.
func parseAnswer(resp *httpjson.Response, secret string, audiences []string, now time.Time) (*Token, error) {
	if !resp.IsJSON() {
		return nil, fmt.Errorf("the content type is %s, want JSON (a login page or a proxy?)", shown(quote.Scrub(resp.Header.Get("Content-Type"), secret)))
	}
	var answer struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal(resp.Body, &answer); err != nil {
		return nil, errors.New("the answer is not the expected JSON object") // encoding/json may quote the token
	}
	t, err := ParseToken(answer.Token)
	if err != nil {
		return nil, err
	}
	if err := checkFresh(t, now); err != nil {
		if server, perr := http.ParseTime(resp.Header.Get("Date")); perr == nil && now.Sub(server).Abs() > maxClockSkew {
			return nil, fmt.Errorf("%w; check the clock: the server's shows %s, this machine's %s", err, server.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
		}
		return nil, err
	}
	for _, a := range audiences {
		if err := checkAudience(t, a); err != nil {
			return nil, err
		}
	}
	return t, nil
}
