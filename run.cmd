@echo off
rem Windows: double-click, or `run.cmd` in a terminal. Sets up .venv the first time, runs two months on sample_data
rem and says which workbook to open. For your own files see docs/operations.md, and below .venv\Scripts.
chcp 65001 > nul
cd /d "%~dp0"
where py > nul 2> nul && (set "PYTHON=py -3") || (set "PYTHON=python")
%PYTHON% install.py || goto end
.venv\Scripts\python.exe flows\monthly.py --period 2026-09..2026-10 %*
:end
set "STATUS=%ERRORLEVEL%"
if "%~1" == "" pause
exit /b %STATUS%
