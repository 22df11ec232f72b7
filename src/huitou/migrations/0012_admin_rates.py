from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("huitou", "0011_cancelling_and_outages"),
    ]

    operations = [
        migrations.CreateModel(
            name='RateUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.TextField()),
                ('who', models.TextField()),
                ('at', models.BigIntegerField()),
            ],
            options={
                'db_table': 'rate_use',
                'indexes': [models.Index(fields=['name', 'who', 'at'], name='rate_use_who')],
            },
        ),
    ]
