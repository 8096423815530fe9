package completion

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// runsCommand reports whether the arguments of a command are another command line.
func runsCommand(node *kong.Node) bool {
	return len(node.Positional) == 1 && node.Positional[0].Passthrough
}

// programs returns the programs on the PATH whose names begin with a word.
func programs(word string) (all []candidate) {
	var names []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), word) || e.IsDir() || slices.Contains(names, e.Name()) {
				continue
			}
			if _, err := exec.LookPath(filepath.Join(dir, e.Name())); err == nil {
				names = append(names, e.Name())
			}
		}
	}
	slices.Sort(names)
	for _, name := range names {
		all = append(all, candidate{text: name})
	}
	return all
}
