"""Time and memory of reading case reports: a million cases with three exposure rows each.

    python benchmarks/read_cases.py [CASES] [FOLDER]

Makes the files in a folder (once), reads each in a process of its own, and prints a table.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

FORMATS = ("parquet", "csv")
EXPOSURES = 3
CHUNK = 100_000  # cases
SURNAMES = list("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗")
GIVEN = list("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰婷鑫")
FOODS = ["凉拌黄瓜", "米饭", "红烧肉", "牛奶", "海鲜", "烧烤", "蛋糕", "剩菜", "西瓜", "凉皮"]
VENUES = ["家庭", "饭店(酒店)", "单位食堂", "学校食堂", "街头食品摊点", "零售/农贸市场"]
READ = """
import json, resource, sys, time
from enteroscan.cases import read_cases
begin = time.perf_counter()
cases = read_cases(sys.argv[1], as_of="2024-12-31", language="en", salt="a salt for benchmarks")
seconds = time.perf_counter() - begin
used = resource.getrusage(resource.RUSAGE_SELF)
cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20
print(json.dumps([len(cases), len(cases.exposures), seconds, cpu, peak]))
"""


def id_numbers(birth: np.ndarray, first: int) -> list[str]:
    """Make identity numbers with the right check digits, most of them different."""
    dates = np.datetime_as_string(birth, unit="D")
    texts = [
        f"{120101 + (first + i) // 997 % 16}{date[:4]}{date[5:7]}{date[8:]}{(first + i) % 997:03d}"
        for i, date in enumerate(dates)
    ]
    digits = np.array([list(text) for text in texts], dtype=np.int64)
    weights = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
    checks = np.array(list("10X98765432"))[(digits @ weights) % 11]
    return [text + check for text, check in zip(texts, checks, strict=True)]


def chunk(first: int, n: int) -> pa.Table:
    """Make reports as the national form has them, the case repeated on each exposure row."""
    random = np.random.default_rng(first)
    onset = np.datetime64("2024-01-01", "s") + random.integers(0, 350 * 24, n) * np.timedelta64(
        1, "h"
    )
    visit = onset + random.integers(1, 72, n) * np.timedelta64(1, "h")
    reported = visit + random.integers(1, 96, n) * np.timedelta64(1, "h")
    birth = np.datetime64("1940-01-01", "D") + random.integers(0, 29_000, n)
    yes_no = np.array(["是", "否"], dtype=object)

    def times(values: np.ndarray) -> np.ndarray:
        texts = np.datetime_as_string(values.astype("datetime64[s]"), unit="s").astype(object)
        return np.array([text.replace("T", " ") for text in texts], dtype=object)

    def pick(values: list[str], size: int = n) -> np.ndarray:
        return np.array(values, dtype=object)[random.integers(0, len(values), size)]

    case = pd.DataFrame(
        {
            "病例编号": [f"120102{number:010d}" for number in range(first, first + n)],
            "患者姓名": pick(SURNAMES) + pick(GIVEN) + pick(GIVEN),
            "身份证号": id_numbers(birth, first),
            "出生日期": np.datetime_as_string(birth, unit="D").astype(object),
            "联系电话": [f"13{number:09d}" for number in range(first, first + n)],
            "患者职业": pick(["农民", "工人", "学生", "教师", "离退人员", "幼托儿童"]),
            "医疗机构": pick([f"第{i}医院" for i in range(60)]),
            "患者属于": pick(["本县区", "本市其它县区", "本省其它城市"]),
            "现住地址国标": pick(
                [f"1201{i:02d}{j:03d}" for i in range(1, 17) for j in range(1, 15)]
            ),
            "详细地址": [f"某路{number % 9999}号" for number in range(first, first + n)],
            "经度": 117 + np.round(random.random(n), 5),
            "纬度": 39 + np.round(random.random(n), 5),
            "发病时间": times(onset),
            "就诊时间": times(visit),
            "填表日期": times(reported),
            "是否复诊": pick(["否", "否", "否", "是"]),
            "是否住院": pick(["否", "否", "否", "是"]),
            "发热": yes_no[random.integers(0, 2, n)],
            "体温": np.round(36.5 + 3 * random.random(n), 1).astype(str).astype(object),
            "呕吐": yes_no[random.integers(0, 2, n)],
            "腹痛": yes_no[random.integers(0, 2, n)],
            "腹泻次数": random.integers(0, 12, n).astype(str).astype(object),
            "腹泻性状": pick(["水样便", "粘液便", "脓血便"]),
            "初步诊断": pick(["急性胃肠炎", "感染性腹泻"]),
        }
    )
    case["患者性别"] = np.where(case["身份证号"].str[16].astype(int) % 2, "男", "女").astype(object)
    rows = case.loc[case.index.repeat(EXPOSURES)].reset_index(drop=True)
    meals = np.repeat(onset, EXPOSURES) - random.integers(1, 72, n * EXPOSURES) * np.timedelta64(
        1, "h"
    )
    m = n * EXPOSURES
    rows["食品名称"] = pick(FOODS, m) + np.array([str(i % 300) for i in range(m)], dtype=object)
    rows["食品分类"] = pick(["肉与肉制品", "水产动物及其制品", "混合食品"], m)
    rows["加工或包装方式"] = pick(["餐饮服务业", "家庭自制", "散装"], m)
    rows["进食场所"] = np.array([f"餐馆{i}" for i in random.integers(0, 5000, m)], dtype=object)
    rows["进食场所类型"] = pick(VENUES, m)
    rows["进食人数"] = random.integers(1, 9, m).astype(str).astype(object)
    rows["进食时间"] = times(meals)
    rows["他人是否发病"] = pick(["是", "否", "不详"], m)
    return pa.Table.from_pandas(rows, preserve_index=False)


def make(folder: Path, n_cases: int) -> dict[str, Path]:
    """Write the same reports in every format."""
    paths = {name: folder / f"cases_{n_cases}.{name}" for name in FORMATS}
    if all(path.exists() for path in paths.values()):
        return paths
    schema = chunk(0, 10).schema
    with (
        pq.ParquetWriter(paths["parquet"], schema) as parquet,
        pacsv.CSVWriter(paths["csv"], schema) as text,
    ):
        for first in range(0, n_cases, CHUNK):
            table = chunk(first, min(CHUNK, n_cases - first)).cast(schema)
            parquet.write_table(table)
            text.write_table(table)
    return paths


def main() -> None:
    n_cases = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    folder = Path(sys.argv[2] if len(sys.argv) > 2 else tempfile.gettempdir()) / "enteroscan-bench"
    folder.mkdir(parents=True, exist_ok=True)
    begin = time.perf_counter()
    paths = make(folder, n_cases)
    print(f"made in {time.perf_counter() - begin:.0f} s, {os.cpu_count()} processors")
    print(
        f"{'format':8} {'MB':>6} {'cases':>10} {'exposures':>10} {'seconds':>8} {'CPU s':>6}"
        f" {'load':>5} {'peak GiB':>9}"
    )
    for name, path in paths.items():
        done = subprocess.run(
            [sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True
        )
        cases, exposures, seconds, cpu, peak = json.loads(done.stdout)
        size = path.stat().st_size / 1e6
        print(
            f"{name:8} {size:6.0f} {cases:10,} {exposures:10,} {seconds:8.1f} {cpu:6.1f}"
            f" {os.getloadavg()[0]:5.1f} {peak:9.2f}"
        )


if __name__ == "__main__":
    main()
