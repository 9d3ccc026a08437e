"""A generic solver on the rows of an MPS file, one thread, as a peer of hinge bench.

    mip.py SOLVER ROWS.mps --limit SECONDS --rel GAP --abs GAP [--start FILE]
    mip.py SOLVER --version

SOLVER is gurobi, scip or cbc. The limit is processor time. The start has a line
"index name value" for every column. Prints one JSON object:

    status     optimal, infeasible, limit, or too_large for the licence
    objective  of the best point, null if there is none
    bound      what the solver claims, null if it says nothing
    cpu_s      processor seconds of the search
    startup_s  those before it: starting, importing, reading
    nodes      of its tree, null if it does not say
    x          values of the columns of the best point, by name
"""
import argparse
import json
import math
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time

FEASIBILITY = 1e-6  # tolerance of integers, for every solver
WALL = 10  # times the limit is what wall time may take


def values(path):
    with open(path) as f:
        return {name: float(v) for _, name, v, *_ in (line.split() for line in f)}


def finite(v, infinity=1e20):
    return v if math.isfinite(v) and abs(v) < infinity else None


def gurobi(args):
    import gurobipy as gp

    env = gp.Env(params={"OutputFlag": 0, "Threads": 1})
    m = gp.read(args.rows, env=env)
    m.Params.MIPGap, m.Params.MIPGapAbs = args.rel, args.abs
    m.Params.IntFeasTol = FEASIBILITY
    m.Params.TimeLimit = WALL * args.limit
    if args.start:
        for name, value in values(args.start).items():
            m.getVarByName(name).Start = value
    m.update()
    begin = time.process_time()
    done = threading.Event()

    def watch():  # TimeLimit counts wall time
        while not done.wait(0.005):
            if time.process_time() - begin >= args.limit:
                m.terminate()
                return

    threading.Thread(target=watch, daemon=True).start()
    try:
        m.optimize()
    except gp.GurobiError as e:
        if e.errno == gp.GRB.Error.SIZE_LIMIT_EXCEEDED:
            return {"status": "too_large"}, begin, begin
        raise
    finally:
        done.set()
    end = time.process_time()
    found = m.SolCount > 0
    status = {gp.GRB.OPTIMAL: "optimal", gp.GRB.INFEASIBLE: "infeasible", gp.GRB.INF_OR_UNBD: "infeasible"}
    return {
        "status": status.get(m.Status, "limit"),
        "objective": m.ObjVal if found else None,
        "bound": finite(m.ObjBound),
        "nodes": int(m.NodeCount),
        "x": {v.VarName: v.X for v in m.getVars()} if found else {},
    }, begin, end


def scip(args):
    from pyscipopt import Model

    m = Model()
    m.hideOutput()
    m.readProblem(args.rows)
    m.setParam("timing/clocktype", 1)  # processor time
    m.setParam("limits/time", args.limit)
    m.setParam("limits/gap", args.rel)
    m.setParam("limits/absgap", args.abs)
    m.setParam("lp/threads", 1)
    m.setParam("numerics/feastol", FEASIBILITY)
    if args.start:
        point, start = m.createSol(), values(args.start)
        for v in m.getVars():
            m.setSolVal(point, v, start[v.name])
        m.addSol(point)
    begin = time.process_time()
    m.optimize()
    end = time.process_time()
    found = m.getNSols() > 0
    status = {"optimal": "optimal", "gaplimit": "optimal", "infeasible": "infeasible", "inforunbd": "infeasible"}
    return {
        "status": status.get(m.getStatus(), "limit"),
        "objective": m.getObjVal() if found else None,
        "bound": finite(m.getDualbound()),
        "nodes": m.getNNodes(),
        "x": {v.name: m.getVal(v) for v in m.getVars()} if found else {},
    }, begin, end


def children():
    u = resource.getrusage(resource.RUSAGE_CHILDREN)
    return u.ru_utime + u.ru_stime


def cbc(args):
    def run(*words):
        out = subprocess.run(["cbc", args.rows, *words], capture_output=True, text=True, check=True)
        return out.stdout

    run("-stop")  # to know what reading takes
    begin = children()
    with tempfile.TemporaryDirectory() as folder:
        solution = os.path.join(folder, "solution")
        words = ["-timeMode", "cpu", "-sec", str(args.limit), "-ratio", str(args.rel), "-allow", str(args.abs)]
        if args.start:
            words += ["-mips", args.start]
        log = run(*words, "-solve", "-solution", solution)
        end = children() - begin
        found = "Objective value:" in log and "No feasible solution found" not in log
        x = cbc_point(solution) if found else {}

    def number(label):
        m = re.findall(rf"^{label}:\s+(\S+)$", log, re.M)
        return float(m[-1]) if m else None

    status = "limit"
    if "Result - Optimal solution found" in log:
        status = "optimal"
    elif "Result - Problem proven infeasible" in log:
        status = "infeasible"
    objective, bound = number("Objective value") if found else None, number("Lower bound")
    if status == "optimal" and bound is None:  # it prints none once the gap is met
        bound = objective - max(args.abs, args.rel * abs(objective))
    nodes = number("Enumerated nodes")
    return {
        "status": status,
        "objective": objective,
        "bound": bound,
        "nodes": None if nodes is None else int(nodes),
        "x": x,
    }, begin, max(begin, end)


def cbc_point(path):
    """Columns that are not named are 0."""
    x = {}
    with open(path) as f:
        next(f)
        for line in f:
            words = line.replace("**", " ").split()
            x[words[1]] = float(words[2])
    return x


def version(solver):
    if solver == "gurobi":
        import gurobipy

        return ".".join(map(str, gurobipy.gurobi.version()))
    if solver == "scip":
        from pyscipopt import Model

        m = Model()
        return f"{m.getMajorVersion()}.{m.getMinorVersion()}.{m.getTechVersion()}"
    out = subprocess.run(["cbc", "-stop"], capture_output=True, text=True, check=True).stdout
    return re.search(r"Version: *(\S+)", out)[1]


def main():
    solvers = {"gurobi": gurobi, "scip": scip, "cbc": cbc}
    p = argparse.ArgumentParser()
    p.add_argument("solver", choices=solvers)
    p.add_argument("rows", nargs="?")
    p.add_argument("--version", action="store_true")
    p.add_argument("--limit", type=float)
    p.add_argument("--rel", type=float)
    p.add_argument("--abs", type=float)
    p.add_argument("--start")
    args = p.parse_args()
    if args.version:
        print(version(args.solver))
        return
    result, begin, end = solvers[args.solver](args)
    print(json.dumps({**result, "cpu_s": end - begin, "startup_s": begin}))


main()
