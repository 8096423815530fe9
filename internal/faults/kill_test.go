package faults_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/idp"
)

const (
	killRow = "kill -9"
	kills   = 6
)

// testKill kills processes: the servers of what waits for others, in the middle of an answer, and the writers of files.
func testKill(t *testing.T, r *report) {
	t.Helper()
	r.add(killRow, "a writer of files is killed while it writes, a server while it answers")
	plays := map[string]func(*cell){credFile: killCredentials, tokenFile: killTokens, credCache: killCache}
	for _, c := range components() {
		if c.name != credCache {
			plays[c.name] = func(cl *cell) { killServer(cl, c) }
		}
	}
	t.Run("cells", func(t *testing.T) {
		var wg sync.WaitGroup
		for column, play := range plays {
			dir := t.TempDir()
			wg.Go(func() { r.cell(t, column, killRow, dir, play) })
		}
		wg.Wait()
	})
}

// killSome starts a writer, kills it at a random point some writes later, and has check look at what is there. acked is the number of
// the last write that the writer said was done.
func killSome(c *cell, role, arg string, check func(acked int)) {
	for range kills {
		p := start(c, role, c.dir, arg)
		acked := 0
		for range 1 + rand.N(4) {
			acked, _ = strconv.Atoi(p.hear(c))
		}
		wait(c.Context(), rand.N(3*time.Millisecond)) // somewhere within the next writes
		p.kill()
		if acked == 0 {
			c.Errorf("the writer wrote nothing")
			return
		}
		check(acked)
	}
	c.note("%d writers killed", kills)
}

// killCredentials kills one of two writers of a file. The other one goes on, and what was there stays.
func killCredentials(c *cell) {
	const before = "# by hand\n[keep]\naws_access_key_id = AKIAKEEP\naws_secret_access_key = keep\n"
	path := filepath.Join(c.dir, "credentials")
	if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
		c.Fatal(err)
	}
	f, err := export.NewCredentialsFile(path, nil)
	if err != nil {
		c.Fatal(err)
	}
	other := start(c, "write credentials", c.dir, "survivor")
	killSome(c, "write credentials", "victim", func(acked int) {
		c.wholeProfile(path, "victim", func(got int) bool { return got >= acked })
		n, err := strconv.Atoi(other.hear(c)) // it is not stuck behind a dead one's lock
		if err != nil {
			c.Errorf("%v", err)
		}
		c.wholeProfile(path, "survivor", func(got int) bool { return got >= n })
		if text, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(text), before) {
			c.Errorf("what was there is gone: %v", err)
		}
	})
	other.kill()
	if err := f.Edit(c.Context(), "after", export.Setting{Key: "region", Value: "x"}); err != nil {
		c.Errorf("after the kills: %v", err)
	}
	c.onlyFiles(c.dir, "credentials")
}

func killTokens(c *cell) {
	path := filepath.Join(c.dir, "tokens", "web-identity")
	read := func() int {
		raw, err := os.ReadFile(path)
		if err != nil {
			c.Errorf("%v", err)
			return 0
		}
		return tokenNumber(c, string(raw))
	}
	killSome(c, "write tokens", "", func(acked int) {
		if n := read(); n < acked {
			c.Errorf("token %d is in the file, %d was written", n, acked)
		}
	})
	f, err := export.NewTokenFile(path, idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) { return numbered(0) }), nil)
	if err != nil {
		c.Fatal(err)
	}
	if _, err := f.Write(c.Context()); err != nil || read() != 0 {
		c.Errorf("after the kills: %v", err)
	}
	c.onlyFiles(filepath.Dir(path), "web-identity")
}

func killCache(c *cell) {
	dir := filepath.Join(c.dir, "cache")
	cache := export.OpenCache(&export.CacheOptions{Dir: dir})
	if err := cache.Off(); err != nil {
		c.Fatal(err)
	}
	round := 0
	killSome(c, "write cache", "", func(acked int) {
		round++
		calls := 0
		if e, err := cache.Entry(c.Context(), numberedEntry("", acked, &calls)); err != nil || calls != 0 || e.Credentials.AccessKeyID != fakeCredentials(acked).AccessKeyID {
			c.Errorf("entry %d was written and is lost: %d fetches, %v", acked, calls, err)
		}
		// Those that were under way are there or are fetched, whole.
		for n := acked + 1; ; n++ {
			calls = 0
			e, err := cache.Entry(c.Context(), numberedEntry("", n, &calls))
			if err != nil || e.Credentials.SessionToken != fakeCredentials(n).SessionToken {
				c.Errorf("entry %d: %v", n, err)
			}
			if calls > 0 || err != nil {
				break
			}
		}
		if left, _ := filepath.Glob(filepath.Join(dir, ".*.tmp")); len(left) > 0 {
			c.Errorf("%q are left", left)
		}
		if err := os.RemoveAll(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			c.Errorf("%v", err)
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			c.Errorf("%v", err)
		}
	})
}

// killServer kills the servers in the middle of an answer, and then starts them again: an error or an answer at once, and an answer soon
// after they are back.
func killServer(c *cell, co component) {
	const rounds = 2
	c.attempt = 10 * time.Second
	var addr atomic.Value
	w := newWorldOf(c, func(testing.TB, http.Handler) *server {
		return &server{dial: func(ctx context.Context) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", addr.Load().(string))
		}}
	}, "pat-of-"+strconv.Itoa(rand.Int()), "RS256", time.Hour)
	ctx, cancel := context.WithTimeout(c.Context(), time.Minute)
	defer cancel()

	p := start(c, "serve", c.dir, w.bearer)
	addr.Store(p.hear(c))
	failed := 0
	for range rounds {
		subject := co.start(c, w) // with nothing kept, so that it asks
		done := make(chan error, 1)
		go func() {
			_, err := subject.use(ctx)
			done <- err
		}()
		p.hear(c) // it was asked
		for range rand.N(5) {
			_, _ = p.stdin.Write([]byte{0})
			p.hear(c)
		}
		p.kill()
		if err := <-done; err != nil {
			failed++
			c.checkErrorOf(w, err)
		}
		p = start(c, "serve", c.dir, w.bearer)
		addr.Store(p.hear(c))
		_ = p.stdin.Close() // from now on it answers at once
		go p.ignore()
		for try := 1; ; try++ {
			if _, err := subject.use(ctx); err == nil {
				break
			} else if try == 20 || !wait(ctx, time.Second/2) {
				c.Errorf("no value after the servers are back: %v", err)
				break
			}
		}
		p.kill()
		p = start(c, "serve", c.dir, w.bearer)
		addr.Store(p.hear(c))
	}
	p.kill()
	w.client.CloseIdleConnections()
	c.note("servers killed %d times, %d calls failed for it", rounds, failed)
}

// tokenNumber returns the number of one of the numbered tokens.
func tokenNumber(c *cell, raw string) int {
	t, err := idp.ParseToken(raw)
	if err != nil {
		c.Errorf("no whole token: %v", err)
		return 0
	}
	var id struct {
		JTI string `json:"jti"`
	}
	n, err := 0, t.Claims().Decode(&id)
	if err == nil {
		n, err = strconv.Atoi(id.JTI)
	}
	if err != nil {
		c.Errorf("%v", err)
	}
	return n
}

func base64url(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
