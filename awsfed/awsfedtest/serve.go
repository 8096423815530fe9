package awsfedtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/onafed/onafed/internal/quote"
)

// apiVersion is the only version of the STS API that there is.
const apiVersion = "2011-06-15"

// An answer is a response that has not been written yet.
type answer struct {
	status   int
	header   http.Header
	body     []byte
	truncate bool // send half of the body
}

// An operation is one call on its way through the STS.
type operation struct {
	request request
	form    form
	fault   Fault
	now     time.Time // by the STS's own clock
	call    *Call
}

// serve answers one request, however it came. An error means that there is no answer: the caller has gone (the error is that of
// its context), or an injected fault dropped the connection.
func (s *STS) serve(ctx context.Context, r request) (a answer, err error) {
	start := time.Now()
	n := s.log.begin()
	call := Call{
		Number: n, Time: start, UserAgent: quote.Clean(r.header.Get("User-Agent"), 200),
		// A UUID that counts, so that a test's output is the same from run to run.
		RequestID: fmt.Sprintf("00000000-0000-4000-8000-%012x", n),
	}
	defer func() {
		if call.Duration = time.Since(start); err != nil {
			call.Status, call.Code, call.Reason = 0, "", "no answer: "+err.Error()
		}
		s.log.add(call)
		if s.onCall != nil {
			s.onCall(call)
		}
	}()
	op := &operation{request: r, call: &call}
	var refused *apiError
	op.form, refused = readForm(r)
	note(&call, op.form)
	op.fault, call.Fault = s.faults.take(call.Action, call.RoleARN)
	if err := op.fault.suffer(ctx); err != nil {
		return answer{}, err
	}
	op.now = time.Now().Add(op.fault.Clock)
	if a, err = s.reply(ctx, op, refused); err != nil {
		return answer{}, err
	}
	if err := ctx.Err(); err != nil {
		return answer{}, err // what was refused because the caller left is nobody's answer
	}
	a.header.Set("Date", op.now.UTC().Format(http.TimeFormat))
	call.Status = a.status
	return a, nil
}

// reply makes the answer to a call that has not been refused yet, or that has been for what refused says.
func (s *STS) reply(ctx context.Context, op *operation, refused *apiError) (answer, error) {
	a := answer{status: http.StatusOK, header: http.Header{}, truncate: op.fault.Break == BreakTruncate}
	var doc document
	switch {
	case op.fault.Code != "":
		refused = op.fault.refusal()
		if after := op.fault.RetryAfter; after > 0 {
			a.header.Set("Retry-After", strconv.Itoa(int((after+time.Second-1)/time.Second)))
		}
	case op.fault.Break == BreakHTML:
		op.call.Reason = injected
		a.header.Set("Content-Type", "text/html")
		a.status = http.StatusBadGateway
		a.body = []byte("<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n")
		return a, nil
	case s.limit != nil && !s.limit.Allow():
		refused = refuse("Throttling", "").because("more than the rate that the options allow")
	case refused == nil:
		doc, refused = s.operate(ctx, op)
	}
	if refused != nil {
		op.call.Code, op.call.Reason = refused.code, refused.reason
		a.status, doc = refused.status, errorDocument(refused)
	} else if op.fault.Break == BreakEmpty {
		doc.dropCredentials()
	}
	doc.setRequestID(op.call.RequestID)
	body, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return answer{}, fmt.Errorf("awsfedtest: %w", err)
	}
	a.header.Set("Content-Type", "text/xml")
	a.header.Set("X-Amzn-Requestid", op.call.RequestID)
	a.body = append(body, '\n')
	return a, nil
}

// operate carries out the call.
func (s *STS) operate(ctx context.Context, op *operation) (document, *apiError) {
	if v := op.form["Version"]; v != apiVersion {
		return nil, refuse("InvalidAction", "Could not find operation "+quote.Clean(op.call.Action, 64)+" for version "+quote.Clean(v, 16))
	}
	switch op.call.Action {
	case "AssumeRoleWithWebIdentity":
		return s.assumeRoleWithWebIdentity(ctx, op)
	case "AssumeRole":
		return s.assumeRole(op)
	case "GetCallerIdentity":
		return s.getCallerIdentity(op)
	default:
		return nil, refuse("InvalidAction", "Could not find operation "+quote.Clean(op.call.Action, 64)+" for version "+apiVersion)
	}
}

// readForm takes the parameters from the body, or, for presigned URLs, from the query.
func readForm(r request) (form, *apiError) {
	text := string(r.body)
	switch r.method {
	case http.MethodPost:
		if kind, _, _ := strings.Cut(r.header.Get("Content-Type"), ";"); !strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") {
			return nil, refuse("MalformedQueryString", "").because("Content-Type is %s", quote.Text(kind, 64))
		}
	case http.MethodGet:
		text = r.url.RawQuery
	default:
		return nil, refuse("MalformedQueryString", "").because("method is %s", quote.Text(r.method, 16))
	}
	if len(text) > maxBody {
		return nil, &apiError{status: http.StatusRequestEntityTooLarge, code: "RequestEntityTooLarge", message: "Request is too large"}
	}
	f, err := parseForm(text)
	if err != nil {
		return nil, refuse("MalformedQueryString", "").because("%v", err)
	}
	if f["Action"] == "" {
		return f, refuse("MissingAction", "")
	}
	return f, nil
}

// note writes into the log what a call asks for, before anything is judged.
func note(call *Call, f form) {
	call.Action, call.RoleARN, call.SessionName = quote.Clean(f["Action"], 64), quote.Clean(f["RoleArn"], 2048), quote.Clean(f["RoleSessionName"], 64)
	call.Seconds, _ = strconv.Atoi(f["DurationSeconds"])
	if token := f["WebIdentityToken"]; token != "" {
		sum := sha256.Sum256([]byte(token))
		call.Token = hex.EncodeToString(sum[:6])
	}
}
