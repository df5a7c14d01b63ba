-- Deletes stay cheap: every foreign key is led by an index, and shifts and payslips have none.
alter table workforce.shops add primary key (shop_id), add unique (code);
alter table workforce.employees add primary key (employee_id);
alter table workforce.employment_contracts add primary key (employee_id, contract_no);
alter table workforce.shifts add primary key (shift_id);
alter table workforce.absences add primary key (employee_id, starts_on);
alter table workforce.payslips add primary key (payslip_id);
create index employees_shop on workforce.employees (shop_id);
alter table workforce.employees add foreign key (shop_id) references workforce.shops;
alter table workforce.employment_contracts add foreign key (employee_id) references workforce.employees;
alter table workforce.absences add foreign key (employee_id) references workforce.employees;
